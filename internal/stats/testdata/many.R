# Writes many_r.json: statistics of package stats that R has, on 20 random data sets with ties each.
#
# apt-get install r-base-core r-cran-proc r-cran-jsonlite     (R 4.2.2, pROC 1.18.0)
# Rscript many.R > many_r.json
#
# Shapiro-Wilk, Fisher's r x c test, DeLong (pROC), Mann-Whitney's choice of exact or normal.
suppressMessages({library(pROC); library(jsonlite)})
set.seed(20261123)
sets <- 20
out <- list(shapiro = list(), fisher = list(), delong = list(), wilcox = list())
for (i in 1:sets) {
  n <- if (i <= 9) i + 2 else sample(12:60, 1)  # 3 to 11 have formulas of their own
  x <- round(if (i %% 2) rnorm(n, 20, 5) else rexp(n, 1 / 20))
  while (length(unique(x)) < 2) x <- round(rnorm(n, 20, 5))
  r <- shapiro.test(x)
  out$shapiro[[i]] <- list(x = x, w = unname(r$statistic), p = r$p.value)

  t <- matrix(rpois(sample(2:5, 1) * 3, 2.5), ncol = 3)
  t[1, ] <- t[1, ] + 1
  t[, 1] <- t[, 1] + 1
  t[2, 2] <- t[2, 2] + 1
  t[1, 3] <- t[1, 3] + 1
  out$fisher[[i]] <- list(t = t, p = fisher.test(t, workspace = 2e7)$p.value)

  n <- sample(25:50, 1)
  y <- rep(0:1, length.out = n)
  a <- round(rnorm(n, 3 + y, 1.5))
  b <- round(a + rnorm(n, 0, 2))
  r <- roc.test(roc(y, a, direction = "<", quiet = TRUE), roc(y, b, direction = "<", quiet = TRUE), method = "delong", paired = TRUE)
  v <- var(roc(y, a, direction = "<", quiet = TRUE), method = "delong")
  out$delong[[i]] <- list(y = y, a = a, b = b, auc = unname(r$estimate), var = v, p = r$p.value, ci = r$conf.int[1:2])

  a <- round(rnorm(sample(5:30, 1), 50, 12), if (i %% 2) 0 else 5)
  b <- round(rnorm(sample(5:30, 1), 55, 12), if (i %% 2) 0 else 5)
  r <- suppressWarnings(wilcox.test(a, b))
  out$wilcox[[i]] <- list(a = a, b = b, u = unname(r$statistic), p = r$p.value)
}
cat(toJSON(out, digits = I(17), auto_unbox = TRUE), "\n")
