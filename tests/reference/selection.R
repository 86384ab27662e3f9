# Selection models of some sets of `small_study.json`: `Rscript selection.R`, which writes selection.json.
# Optimised to rounding, and integrated finely: by default metafor stops where the log-likelihood hardly rises.
library(metafor)
library(jsonlite)

sets <- fromJSON("small_study.json", simplifyVector = FALSE)$sets
chosen <- c("dat.bcg/RR", "dat.bachmann2010/OR", "dat.hahn2001/OR", "dat.furukawa2003/SMD", "dat.gibson2002/cont/SMD",
            "dat.normand1999/MD", "dat.demir2022/ABT", "dat.karner2014/exa/OR")
control <- list(optimizer = "Nelder-Mead", reltol = 1e-15, maxit = 20000, intCtrl = list(rel.tol = 1e-8))
fit <- function(y, v, ...) {
  base <- rma(y, v, method = "ML", control = list(tau2.max = 1e6, threshold = 1e-12, maxiter = 1000))
  found <- try(suppressWarnings(selmodel(base, ..., control = control)), silent = TRUE)
  if (inherits(found, "try-error")) return(NULL)
  list(estimate = c(found$beta), se = found$se, tau2 = found$tau2, delta = found$delta, lrt = found$LRT,
       llf = c(found$fit.stats["ll", 1]))
}
out <- list()
for (set in sets) if (set$id %in% chosen) {
  y <- unlist(set$yi); v <- unlist(set$vi)
  side <- if (coef(rma(y, v, method = "ML")) < 0) "less" else "greater"
  out[[set$id]] <- list(
    step = fit(y, v, type = "stepfun", steps = 0.025, alternative = side),
    two = fit(y, v, type = "stepfun", steps = c(0.025, 0.5), alternative = side),
    both = fit(y, v, type = "stepfun", steps = 0.05, alternative = "two.sided"),
    beta = if (length(y) < 15) fit(y, v, type = "beta", alternative = side))
}
meta <- list(metafor = as.character(packageVersion("metafor")), R = paste(R.version$major, R.version$minor, sep = "."))
writeLines(toJSON(list(meta = meta, sets = out), digits = I(15), auto_unbox = TRUE, null = "null", na = "null"), "selection.json")
