# Dose-response by metafor with the basis of Hmisc::rcspline.eval: Rscript doses.R > doses.json
suppressMessages({library(metafor); library(Hmisc); library(jsonlite)})
dose <- c(1, 2, 2, 3, 4, 5, 6, 6, 8, 10, 12, 14, 16, 20, 24)
yi <- c(-0.11, -0.75, -0.22, -0.71, -0.37, -1.23, -0.39, -1.40, -0.68, -1.61, -0.72, -1.61, -0.83, -1.52, -0.57)
vi <- c(0.04, 0.09, 0.05, 0.12, 0.03, 0.06, 0.08, 0.02, 0.11, 0.05, 0.07, 0.03, 0.10, 0.06, 0.09)
at <- c(1, 3, 7, 13, 24)
one <- function(basis, nonlinear) {
  fit <- rma(yi, vi, mods = basis(dose), method = "REML", test = "knha", control = list(threshold = 1e-12, maxiter = 1000))
  moved <- sweep(basis(at), 2, basis(4))
  found <- predict(fit, newmods = moved, intercept = FALSE)
  test <- if (length(nonlinear)) anova(fit, btt = nonlinear + 1) else NULL
  list(estimate = found$pred, se = found$se, ci_low = found$ci.lb, ci_high = found$ci.ub, tau2 = fit$tau2,
       statistic = if (is.null(test)) NA else test$QM, pvalue = if (is.null(test)) NA else test$QMp)
}
knots <- function(k) {
  quantiles <- list(`3` = c(.1, .5, .9), `4` = c(.05, .35, .65, .95), `5` = c(.05, .275, .5, .725, .95))[[as.character(k)]]
  unname(quantile(dose, quantiles))
}
spline <- function(k) function(x) unclass(rcspline.eval(x, knots = knots(k), inclx = TRUE))
cases <- list(
  linear = one(function(x) cbind(x), integer()),
  quadratic = one(function(x) cbind(x, x^2), 2),
  spline3 = one(spline(3), 2), spline4 = one(spline(4), 2:3), spline5 = one(spline(5), 2:4)
)
about <- list(metafor = as.character(packageVersion("metafor")), Hmisc = as.character(packageVersion("Hmisc")),
              R = paste(R.version$major, R.version$minor, sep = "."))
cat(toJSON(list(about = about, dose = dose, yi = yi, vi = vi, at = at, reference = 4, knots = lapply(3:5, knots), cases = cases),
           digits = NA, auto_unbox = TRUE, na = "null"))
