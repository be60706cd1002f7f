"""Writes truth.json, the numbers that the tests of package stats are held against.

python -m pip install numpy==1.24.2 scipy==1.10.1 scikit-learn==1.2.1 statsmodels==0.14.0 'pandas<2.1'
python truth.py > truth.json

Nothing here shares code or method with the Go package: AUCs are scikit-learn's, ROC averaging numpy's, DeLong the
full kernel matrix, cvAUC's standard error a transcription of the formula in LeDell 2015 as the R package cvAUC states
it, with scipy's logit around it or, where it is zero, statsmodels' Clopper-Pearson interval; clustered variances
statsmodels' cluster-robust regression on an intercept.
"""
import json
import numpy as np
import scipy.special
import scipy.stats
import sklearn.metrics as sk
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20240607)


def fold(n, ties, group_size):
    y = (np.arange(n) % 5 < 2).astype(int)
    rng.shuffle(y)
    s = rng.normal(size=n) + 0.9 * y
    if ties:
        s = np.round(s * 2) / 2
    g = rng.permutation(np.repeat(np.arange(n), group_size)[:n])
    return s, y, g


def kernel(s, y):
    d = s[y == 1][:, None] - s[y == 0][None, :]
    return (d > 0) + 0.5 * (d == 0)


def cvauc(folds):
    """ci.pooled.cvAUC's standard error; with one row an id, ci.cvAUC's."""
    y = np.concatenate([f[1] for f in folds])
    n_obs, w1, w0 = len(y), 1 / np.mean(y == 1), 1 / np.mean(y == 0)
    ids = sum(len(np.unique(f[2])) for f in folds)
    taubar = n_obs / ids
    aucs, sig, pairs = [], [], []
    for s, y, g in folds:
        k = kernel(s, y)
        auc = sk.roc_auc_score(y, s)
        ic = np.empty(len(y))
        ic[y == 1] = w1 * (k.mean(1) - auc)
        ic[y == 0] = w0 * (k.mean(0) - auc)
        by_id = [ic[g == i].sum() / taubar for i in np.unique(g)]
        aucs.append(auc)
        sig.append(np.mean(np.square(by_id)))
        pairs.append(min(len(np.unique(g[y == 1])), len(np.unique(g[y == 0]))))  # for groups of one label
    se = np.sqrt(np.mean(sig) / ids)
    a = np.mean(aucs)
    if se == 0 or max(pairs) < 2:
        ci = proportion_confint(a * sum(pairs), sum(pairs), method='beta')
        ci = np.where(np.isnan(ci), [0, 1], ci)
    else:
        z = scipy.stats.norm.ppf([.025, .975])
        ci = scipy.special.expit(scipy.special.logit(a) + z * se / (a * (1 - a)))
    return dict(se=se, want=[a, *ci])


def delong(scores, y):
    ks = [kernel(s, y) for s in scores]
    cov10, cov01 = np.cov([k.mean(1) for k in ks]), np.cov([k.mean(0) for k in ks])
    cov = cov10 / (y == 1).sum() + cov01 / (y == 0).sum()
    a = [sk.roc_auc_score(y, s) for s in scores]
    d, se = a[0] - a[1], np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    return dict(auc=a, cov=cov.tolist(), delta=d, se=se, p=2 * scipy.stats.norm.sf(abs(d) / se))


def clustered(x, g):
    r = sm.OLS(x, np.ones(len(x))).fit(cov_type='cluster', cov_kwds={'groups': g}, use_t=True)
    lo, hi = r.conf_int()[0]
    return dict(mean=r.params[0], variance=r.cov_params()[0, 0], low=lo, high=hi)


def plain(folds):
    return [dict(scores=s.tolist(), labels=y.tolist(), groups=[f'g{i}' for i in g]) for s, y, g in folds]


out = {'cvauc': [], 'roc': [], 'delong': [], 'wilson': [], 'exact': [], 'clustered': [], 'holm': [], 'quantile': []}
for sizes, ties, size in [([23, 22, 22], False, 1), ([31, 17, 24, 20, 20], True, 1), ([40, 36, 33], False, 3), ([30, 41], True, 2)]:
    folds = [fold(n, ties, size) for n in sizes]
    out['cvauc'].append(dict(folds=plain(folds), **cvauc(folds)))
    curves = [sk.roc_curve(y, s, drop_intermediate=False)[:2] for s, y, _ in folds]
    grid = np.linspace(0, 1, 11)
    mean = np.mean([np.interp(grid, f, t) for f, t in curves], 0)
    out['roc'].append(dict(folds=plain(folds), auc=[sk.roc_auc_score(y, s) for s, y, _ in folds],
                           fpr=[f.tolist() for f, _ in curves], tpr=[t.tolist() for _, t in curves], mean=mean.tolist()))
# Where the influence curve tells no variance: labels, scores and groups of each fold.
for folds in [
    [([0, 0, 0, 1, 1], [1, 2, 3, 4, 5], [0, 1, 2, 3, 4]), ([0, 1, 0, 1, 1], [1, 9, 2, 8, 7], [5, 6, 7, 8, 9])],  # separated
    [([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6], [0, 0, 1, 2, 2, 3])],  # separated, two cases of one group
    [([1, 1, 1, 0, 0], [1, 2, 3, 4, 5], [0, 1, 2, 3, 4])],  # the wrong way round
    [([0, 1] * 10, [7] * 20, range(20))],  # all tied
    [([0, 0, 1, 1], [1, 2, 3, 4], range(4)), ([1, 1, 0, 0], [1, 2, 3, 4], range(4, 8)), ([0, 0, 1, 1], [1, 2, 3, 4], range(8, 12))],
    [([0, 0, 0, 0, 0, 1], [1, 2, 3, 5, 6, 4], range(6)), ([0, 0, 0, 0, 0, 1], [1, 2, 3, 4, 6, 5], range(6, 12))],  # one positive case a fold
]:
    folds = [(np.array(s, float), np.array(y), np.array(g)) for y, s, g in folds]
    out['cvauc'].append(dict(folds=plain(folds), **cvauc(folds)))
for n, ties in [(60, False), (80, True)]:
    a, y, _ = fold(n, ties, 1)
    b = a + rng.normal(size=n)
    if ties:
        b = np.round(b)
    out['delong'].append(dict(a=a.tolist(), b=b.tolist(), labels=y.tolist(), **delong([a, b], y)))
for k, n in [(0, 10), (10, 10), (1, 7), (91, 112), (5, 1000)]:
    out['wilson'].append(dict(k=k, n=n, want=list(proportion_confint(k, n, method='wilson'))))
for k, n in [(0, 10), (10, 10), (1, 7), (91, 112), (5, 1000), (2.25, 3), (0.5, 1), (54.3, 55), (999.5, 1000)]:
    low, high = proportion_confint(k, n, method='beta')
    out['exact'].append(dict(k=k, n=n, want=[0 if k == 0 else low, 1 if k == n else high]))
for n, size, binary in [(60, 3, True), (45, 1, False), (70, 2, False)]:
    g = rng.permutation(np.repeat(np.arange(n), size)[:n])
    p = rng.beta(2, 1, size=n)[g]
    x = (rng.uniform(size=n) < p).astype(float) if binary else p * rng.uniform(0.5, 1, size=n)
    c = clustered(x, g)
    deff = max(1, c['variance'] / (c['mean'] * (1 - c['mean']) / n))
    lo, hi = proportion_confint(c['mean'] * n / deff, n / deff, method='wilson')
    out['clustered'].append(dict(values=x.tolist(), groups=[f'g{i}' for i in g], deff=deff, wilson=[lo, hi], **c))
for p in [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [0.2], rng.uniform(0, 0.1, size=9).tolist()]:
    out['holm'].append(dict(p=p, want=multipletests(p, method='holm')[1].tolist()))
for n in [1, 2, 7, 2000]:
    x = rng.normal(size=n)
    out['quantile'].append(dict(x=x.tolist() if n < 10 else np.round(x, 6).tolist(),
                                want=np.percentile(x if n < 10 else np.round(x, 6), [2.5, 50, 97.5]).tolist()))
print(json.dumps(out))
