# Writes readers.json: Obuchowski-Rockette analyses of 24 random reader studies with ties by the R package MRMCaov 0.3.0.
#
# apt-get install r-base-core r-cran-tibble r-cran-progress r-cran-mvtnorm r-cran-jsonlite     (R 4.2.2)
# Rscript readers.R DIR > readers.json     DIR holds the package's sources; its functions are read from DIR/R, not installed
suppressMessages({library(tibble); library(methods); library(jsonlite)})
for (f in list.files(file.path(commandArgs(TRUE)[1], "R"), full.names = TRUE)) source(f)
set.seed(20261123)
out <- list()
for (i in 1:24) {
  n <- sample(24:36, 1); tests <- sample(2:3, 1); readers <- sample(2:5, 1)
  y <- rep(0:1, length.out = n)
  case <- rnorm(n)
  d <- expand.grid(case = 1:n, reader = 1:readers, test = 1:tests)
  seen <- matrix(rnorm(n * tests, 0, .5), n)  # what a modality shows of a case, to all readers
  skill <- matrix(rnorm(readers * tests, 1.3, .4), readers)
  d$truth <- y[d$case]
  d$rating <- pmin(5, pmax(1, round(2.5 + case[d$case] + seen[cbind(d$case, d$test)] + rnorm(nrow(d)) + d$truth * skill[cbind(d$reader, d$test)])))
  d$binary <- as.integer(d$rating >= 4)
  row <- list(y = y, rating = lapply(1:tests, function(t) lapply(1:readers, function(r) d$rating[d$test == t & d$reader == r])))
  study <- function(est, random) {
    s <- summary(est)
    if (random) list(f = s$test_equality$F, df = s$test_equality$df2, p = s$test_equality[["p-value"]],
                     difference = cbind(s$test_diffs$Estimate, s$test_diffs$CI, s$test_diffs$StdErr, s$test_diffs[["p-value"]]),
                     mean = cbind(s$test_means$Estimate, s$test_means$CI, s$test_means$StdErr, s$test_means$df))
    else list(f = s$test_equality$X2, df = s$test_equality$df, p = s$test_equality[["p-value"]],
              difference = cbind(s$test_diffs$Estimate, s$test_diffs$CI, s$test_diffs$StdErr, s$test_diffs[["p-value"]]),
              mean = cbind(s$test_means$Estimate, s$test_means$CI, s$test_means$StdErr))
  }
  est <- mrmc(empirical_auc(truth, rating), test, reader, case, data = d)
  row$components <- summary(est)$vcov_comps$Estimate
  row$random <- study(est, TRUE)
  row$delong <- study(mrmc(empirical_auc(truth, rating), test, reader, case, data = d, cov = DeLong), TRUE)
  row$sensitivity <- study(mrmc(binary_sens(truth, binary), test, reader, case, data = d), TRUE)
  row$fixed <- study(mrmc(empirical_auc(truth, rating), test, fixed(reader), case, data = d), FALSE)
  out[[i]] <- row
}
cat(toJSON(out, digits = I(15), auto_unbox = TRUE), "\n")
