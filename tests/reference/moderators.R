# Three-level models with moderators, contrasts and generalised variance inflation: `Rscript moderators.R > moderators.json`.
suppressMessages({library(metafor); library(clubSandwich); library(jsonlite)})
plain <- function(x) unname(as.vector(x))

# metafor stops where the likelihood is flat to the last digits: Newton steps on its derivative go on from there.
polished <- function(fit, cluster) {
  levels <- list(1 * outer(cluster, cluster, "=="), diag(fit$k)); X <- fit$X; s <- fit$sigma2
  for (step in 1:30) {
    inverse <- solve(fit$V + s[1] * levels[[1]] + s[2] * levels[[2]])
    P <- inverse - inverse %*% X %*% solve(t(X) %*% inverse %*% X, t(X) %*% inverse)
    Q <- if (fit$method == "REML") P else inverse
    u <- P %*% fit$yi
    slope <- sapply(levels, function(a) sum(u * (a %*% u)) - sum(Q * a)) / 2
    curve <- sapply(levels, function(a) sapply(levels, function(b)
      sum(t(Q %*% a) * (Q %*% b)) / 2 - sum((a %*% u) * (P %*% (b %*% u)))))
    s <- s - solve(curve, slope)
  }
  s
}

tests <- function(fit) list(se = plain(fit$se), df = plain(fit$ddf), p = plain(fit$pval), ci_lb = plain(fit$ci.lb),
  ci_ub = plain(fit$ci.ub), QM = plain(fit$QM), QMp = plain(fit$QMp), QMdf = plain(fit$QMdf))

three_levels <- function(data, mods, method, V, contrasts) {
  data$effect <- seq_len(nrow(data))
  call <- function(...) rma.mv(yi, V, mods = mods, random = ~ 1 | cluster / effect, data = data, method = method, sparse = FALSE, ...)
  fit <- call(sigma2 = polished(call(), data$cluster))
  robust2 <- robust(fit, cluster = data$cluster, clubSandwich = TRUE)
  each <- as.data.frame(linear_contrast(robust2, vcov = "CR2", contrasts = contrasts))
  joint <- Wald_test(robust2, constraints = contrasts, vcov = "CR2")
  ahead <- predict(fit, newmods = colMeans(fit$X)[-1])
  list(sigma2 = plain(fit$sigma2), beta = plain(fit$beta), QE = fit$QE, QEp = fit$QEp, logLik = as.numeric(logLik(fit)),
    z = tests(fit), CR1 = tests(robust(fit, cluster = data$cluster)), CR2 = tests(robust2),
    contrast = list(est = each$Est, se = each$SE, df = each$df, ci_lb = each$CI_L, ci_ub = each$CI_U,
      QM = joint$Fstat, QMp = joint$p_val, QMdf = c(joint$df_num, joint$df_denom)),
    predict = c(ahead$pred, ahead$se, ahead$ci.lb, ahead$ci.ub))
}

schools <- transform(as.data.frame(dat.konstantopoulos2011), cluster = district, decade = (year - 1976) / 10,
  kind = c("a", "b", "c")[school %% 3 + 1])[c("cluster", "yi", "vi", "decade", "kind")]
offences <- transform(as.data.frame(dat.assink2016), cluster = study)[c("cluster", "yi", "vi", "year", "deltype")]
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg <- transform(as.data.frame(bcg), latitude = ablat - 33, decade = (year - 1966) / 10)[c("yi", "vi", "latitude", "decade", "alloc")]
bcg$yi <- plain(bcg$yi)

control <- list(threshold = 1e-14, maxiter = 10000)
rows <- rbind(c(0, 0, 0, 1, -1), c(0, 1, 0, 0, 0), c(1, 1, 0, 0, 1))
contrasts <- lapply(c(z = "z", t = "t", knha = "knha", adhoc = "adhoc"), function(test) {
  fit <- rma(yi, vi, mods = ~ latitude + decade + alloc, data = bcg, test = test, control = control)
  all <- anova(fit, X = rows, rhs = c(0, -0.02, 0))
  list(zval = plain(all$zval), se = plain(all$se), p = plain(all$pval), QM = plain(all$QM), QMp = plain(all$QMp), QMdf = plain(all$QMdf))
})
inflation <- vif(rma(yi, vi, mods = ~ latitude + decade + alloc, data = bcg, control = control), btt = list(2, 3, 4:5))$vif
of <- function(name) unname(sapply(inflation, `[[`, name))

V <- vcalc(vi, cluster = cluster, obs = seq_along(yi), data = offences, rho = 0.6)
fits <- list()
for (method in c("REML", "ML")) {
  fits[[paste0("schools/", method)]] <- three_levels(schools, ~ decade + kind, method, schools$vi, rbind(c(0, 0, 1, -1), c(0, 1, 0, 0)))
  fits[[paste0("offences/", method)]] <- three_levels(offences, ~ deltype + year, method, V, rbind(c(0, 1, -1, 0), c(0, 0, 1, 0)))
}
version <- function(of) as.character(packageVersion(of))
meta <- list(metafor = version("metafor"), metadat = version("metadat"), clubSandwich = version("clubSandwich"),
  R = as.character(getRversion()))
cat(toJSON(list(meta = meta, data = list(schools = schools, offences = offences, bcg = bcg), fits = fits, contrasts = contrasts,
  vif = list(df = of("m"), gvif = of("vif"), sif = of("sif"))), dataframe = "columns", digits = I(17), auto_unbox = TRUE, null = "null"), "\n")
