# Influence diagnostics of regressions, and Baujat coordinates of Mantel-Haenszel and Peto: `Rscript influence.R` prints
# influence_regression.json.
suppressMessages({library(metafor); library(jsonlite)})
dat <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
control <- list(threshold = 1e-12, maxiter = 1000)

of <- function(formula, method) {
  fit <- rma(yi, vi, mods = formula, data = dat, method = method, control = control)
  found <- influence(fit)
  inf <- lapply(unclass(found$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")], as.numeric)
  bau <- { pdf(NULL); b <- baujat(fit); dev.off(); b }
  c(inf, list(dfbs = lapply(unclass(found$dfbs)[seq_len(fit$p)], as.numeric), influential = as.logical(found$is.infl), x = bau$x, y = bau$y))
}

counts <- function(fit) {
  pdf(NULL); b <- baujat(fit); dev.off()
  out <- leave1out(fit)
  c(list(x = b$x, y = b$y), lapply(unclass(out)[c("estimate", "se", "pval", "ci.lb", "ci.ub", "Q", "Qp")], as.numeric))
}

table <- list(ai = dat.bcg$tpos, bi = dat.bcg$tneg, ci = dat.bcg$cpos, di = dat.bcg$cneg)
mh <- function(measure) do.call(rma.mh, c(table, measure = measure))
out <- list(
  meta = list(metafor = as.character(packageVersion("metafor")), R = as.character(getRversion())),
  inputs = list(yi = as.numeric(dat$yi), vi = as.numeric(dat$vi), ablat = dat$ablat, alloc = dat$alloc),
  regression = list(
    ablat_REML = of(~ ablat, "REML"), ablat_DL = of(~ ablat, "DL"), ablat_EE = of(~ ablat, "EE"),
    both_REML = of(~ alloc + ablat, "REML")
  ),
  counts = list(table = table, OR = counts(mh("OR")), RR = counts(mh("RR")), RD = counts(mh("RD")), PETO = counts(do.call(rma.peto, table)))
)
cat(toJSON(out, digits = I(17), na = "null", auto_unbox = TRUE))
