"""Writes many.json: each statistic of package stats on 20 random data sets with ties, by other programs.

python -m pip install numpy==1.24.2 scipy==1.10.1 scikit-learn==1.2.1 statsmodels==0.14.0 'pandas<2.1'
python many.py > many.json

Point values, intervals and tests are scikit-learn's, scipy's and statsmodels' where they have them. Where none of them
does (clustered DeLong, clustered McNemar, Newcombe's interval, jackknives, the model against readers) the formulas are
written out over full kernels and loops, with nothing of the Go code. What R has is in many.R and readers.R.
"""
import itertools
import json
import numpy as np
import scipy.stats as st
import sklearn.metrics as sk
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261123)
SETS, Z = 20, st.norm.ppf(.975)
out = {k: [] for k in 'rank pooled shares holm mcnemar kappa fleiss calibration benefit loess numbers tables against'.split()}


def two_classes(n):
    while True:
        y = (rng.uniform(size=n) < rng.uniform(.25, .75)).astype(int)
        if 2 < y.sum() < n - 2:
            return y


def groups_of(n):
    """Some groups of two or three, in random order."""
    g = np.sort(rng.integers(0, int(n * .8), n))
    return rng.permutation(np.unique(g, return_inverse=True)[1])


def kernel(s, y):
    d = s[y == 1][:, None] - s[y == 0][None, :]
    return (d > 0) + .5 * (d == 0)


def delong(ss, y):
    ks = [kernel(s, y) for s in ss]
    return np.cov([k.mean(1) for k in ks]) / (y == 1).sum() + np.cov([k.mean(0) for k in ks]) / (y == 0).sum()


def obuchowski(ss, y, g):
    """Clustered covariance, group by group over the kernels (Obuchowski 1997, section 2)."""
    ks = [kernel(s, y) for s in ss]
    m, n, ids = (y == 1).sum(), (y == 0).sum(), np.unique(g)
    i10, i01 = len(np.unique(g[y == 1])), len(np.unique(g[y == 0]))
    cov = np.zeros((len(ss), len(ss)))
    for a, b in itertools.product(range(len(ss)), repeat=2):
        s10 = s01 = s11 = s11t = 0
        for i in ids:
            pa, pb = [(k.mean(1) - k.mean())[g[y == 1] == i].sum() for k in (ks[a], ks[b])]
            na, nb = [(k.mean(0) - k.mean())[g[y == 0] == i].sum() for k in (ks[a], ks[b])]
            s10, s01, s11, s11t = s10 + pa * pb, s01 + na * nb, s11 + pa * nb, s11t + na * pb
        s10, s01 = s10 * i10 / (i10 - 1) / m, s01 * i01 / (i01 - 1) / n
        s11, s11t = s11 * len(ids) / (len(ids) - 1), s11t * len(ids) / (len(ids) - 1)
        cov[a, b] = s10 / m + s01 / n + (s11 + s11t) / (m * n)
    return cov


def jackknife(stat, n, g=None):
    g = np.arange(n) if g is None else g
    t = np.array([stat(g != i) for i in np.unique(g)])
    d = t - t.mean(0)
    return (len(t) - 1) / len(t) * d.T @ d


def compare(d, var):
    se = np.sqrt(var)
    return dict(delta=d, se=se, p=2 * st.norm.sf(abs(d) / se))


for _ in range(SETS):  # AUC, ROC, DeLong, its clustered form, Brier, F1
    n = int(rng.integers(25, 50))
    y, g = two_classes(n), groups_of(n)
    a = np.clip(rng.normal(3 + y, 1.5, n).round(), 0, 8) / 8
    b = np.clip((a * 8 + rng.normal(0, 2, n)).round(), 0, 8) / 8
    fpr, tpr, _ = sk.roc_curve(y, a, drop_intermediate=False)
    c1, c2 = delong([a, b], y), obuchowski([a, b], y, g)
    auc = [sk.roc_auc_score(y, s) for s in (a, b)]
    brier = sk.brier_score_loss(y, a)
    out['rank'].append(dict(
        a=a.tolist(), b=b.tolist(), y=y.tolist(), g=g.tolist(), auc=auc, fpr=fpr.tolist(), tpr=tpr.tolist(), cov=c1.tolist(), ccov=c2.tolist(),
        test=compare(auc[0] - auc[1], c1[0, 0] + c1[1, 1] - 2 * c1[0, 1]), ctest=compare(auc[0] - auc[1], c2[0, 0] + c2[1, 1] - 2 * c2[0, 1]),
        brier=brier, scaled=1 - brier / sk.brier_score_loss(y, np.full(n, y.mean())), f1=sk.f1_score(y, a >= .5)))

for _ in range(SETS):  # fold mean with its influence curve (LeDell 2015)
    folds, ic2, aucs, ids = [], [], [], 0
    for v in range(3):
        n = int(rng.integers(14, 22))
        y, g = two_classes(n), groups_of(n)
        folds.append((np.clip(rng.normal(3 + y, 1.5, n).round(), 0, 8), y, g))
        ids += len(np.unique(g))
    ally = np.concatenate([f[1] for f in folds])
    tau = len(ally) / ids
    for s, y, g in folds:
        k, ic = kernel(s, y), np.empty(len(y))
        ic[y == 1], ic[y == 0] = (k.mean(1) - k.mean()) / ally.mean(), (k.mean(0) - k.mean()) / (1 - ally.mean())
        ic2.append(np.mean([(ic[g == i].sum() / tau) ** 2 for i in np.unique(g)]))
        aucs.append(sk.roc_auc_score(y, s))
    m, se = np.mean(aucs), np.sqrt(np.mean(ic2) / ids)
    lim = np.log(m / (1 - m)) + np.array([-1, 1]) * Z * se / (m * (1 - m))
    out['pooled'].append(dict(folds=[dict(scores=s.tolist(), labels=y.tolist(), groups=[str(i) for i in g]) for s, y, g in folds],
                              auc=m, se=se, low=1 / (1 + np.exp(-lim[0])), high=1 / (1 + np.exp(-lim[1]))))

for _ in range(SETS):  # Wilson, Clopper-Pearson, clustered variance, Holm, quantiles
    n = int(rng.integers(20, 60))
    k, g = int(rng.integers(0, n + 1)), groups_of(n)
    x = np.round(np.clip(rng.normal(.7, .3, n), 0, 1) * 4) / 4
    r = sm.OLS(x, np.ones(n)).fit(cov_type='cluster', cov_kwds={'groups': g}, use_t=True)
    deff = max(1, r.cov_params()[0, 0] / (x.mean() * (1 - x.mean()) / n))
    exact = proportion_confint(k, n, method='beta')
    out['shares'].append(dict(k=k, n=n, wilson=proportion_confint(k, n, method='wilson'), exact=[0 if k == 0 else exact[0], 1 if k == n else exact[1]],
                              x=x.tolist(), g=g.tolist(), mean=x.mean(), clustered=r.conf_int()[0].tolist(),
                              effective=proportion_confint(x.mean() * n / deff, n / deff, method='wilson'), quantile=np.percentile(x, [2.5, 50, 97.5]).tolist()))
    p = np.round(rng.uniform(0, .2, int(rng.integers(2, 9))), 2)
    out['holm'].append(dict(p=p.tolist(), want=multipletests(p, method='holm')[1].tolist()))

for rep in range(SETS):
    n = int(rng.integers(20, 45)) * (3 if rep % 3 == 0 else 1)
    g = groups_of(n)
    a, b = rng.uniform(size=n) < .8, rng.uniform(size=n) < .55
    b = np.where(rng.uniform(size=n) < (.1 if rep % 3 == 0 else .5), a, b)
    t = np.array([[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]])
    m, k = t[0, 1] + t[1, 0], min(t[0, 1], t[1, 0])
    exact = mcnemar(t, exact=True).pvalue
    chi = mcnemar(t, exact=False, correction=True)
    midp = exact - st.binom.pmf(k, m, .5) if t[0, 1] != t[1, 0] else 1 - st.binom.pmf(k, m, .5) / 2
    # Newcombe 1998, method 10
    pa, pb = a.mean(), b.mean()
    (la, ua), (lb, ub) = proportion_confint(a.sum(), n, method='wilson'), proportion_confint(b.sum(), n, method='wilson')
    q, c = t[0].sum() * t[1].sum() * t[:, 0].sum() * t[:, 1].sum(), t[0, 0] * t[1, 1] - t[0, 1] * t[1, 0]
    phi = 0 if q == 0 else (max(c - n / 2, 0) if c > 0 else c) / np.sqrt(q)
    low = pa - pb - np.sqrt((pa - la) ** 2 - 2 * phi * (pa - la) * (ub - pb) + (ub - pb) ** 2)
    high = pa - pb + np.sqrt((pb - lb) ** 2 - 2 * phi * (pb - lb) * (ua - pa) + (ua - pa) ** 2)
    # Clustered: Obuchowski 1998 from the variances and the covariance of two ratio estimators, pooled under no difference
    ids = np.unique(g)
    size, xa, xb = [np.array([v[g == i].sum() for i in ids]) for v in (np.ones(n), a, b)]
    f, pool = len(ids) / (len(ids) - 1) / n ** 2, (pa + pb) / 2
    v0 = f * (((xa - size * pool) ** 2).sum() + ((xb - size * pool) ** 2).sum() - 2 * ((xa - size * pool) * (xb - size * pool)).sum())
    x2 = (pa - pb) ** 2 / v0
    dm = sm.OLS(a.astype(float) - b, np.ones(n)).fit(cov_type='cluster', cov_kwds={'groups': g, 'use_correction': False})
    se = np.sqrt(dm.cov_params()[0, 0] * len(ids) / (len(ids) - 1))
    # Signs of the groups' differences, all of them where that is feasible
    d = [int(v) for v in xa - xb if v != 0]
    flip = None
    if len(d) <= 16:
        sums = np.array([abs(np.dot(s, d)) for s in itertools.product([1, -1], repeat=len(d))])
        flip = [np.mean(sums >= abs(sum(d))), np.mean(sums > abs(sum(d))) + np.mean(sums == abs(sum(d))) / 2]
    out['mcnemar'].append(dict(a=a.astype(int).tolist(), b=b.astype(int).tolist(), g=g.tolist(), exact=exact, midp=midp, chi=[chi.statistic, chi.pvalue],
                               newcombe=[pa - pb, low, high], cchi=[x2, st.chi2.sf(x2, 1)], cluster=[pa - pb, pa - pb - Z * se, pa - pb + Z * se], flip=flip))

for rep in range(SETS):  # agreement
    n, k = int(rng.integers(25, 60)), int(rng.integers(2, 6))
    g, a = groups_of(n), rng.integers(0, k, n)
    b = np.where(rng.uniform(size=n) < .5, a, rng.integers(0, k, n))
    a[:k], b[:k] = range(k), range(k)
    tab = np.array([[((a == i) & (b == j)).sum() for j in range(k)] for i in range(k)])
    row = dict(k=k, a=a.tolist(), b=b.tolist(), g=g.tolist(), want={})
    for name, wt in [('unweighted', None), ('linear', 'linear'), ('quadratic', 'quadratic')]:
        r = cohens_kappa(tab, wt=wt)
        sj = jackknife(lambda keep: [sk.cohen_kappa_score(a[keep], b[keep], weights=wt, labels=range(k))], n, g)
        row['want'][name] = [r.kappa, np.sqrt(r.var_kappa), np.sqrt(r.var_kappa0), np.sqrt(sj[0, 0])]
    out['kappa'].append(row)
    m = int(rng.integers(2, 6))
    x = np.where(rng.uniform(size=(n, m)) < .5, a[:, None], rng.integers(0, k, (n, m)))
    count = np.array([[(r == c).sum() for c in range(k)] for r in x])
    p = count.mean(0) / m
    pq = (p * (1 - p)).sum()
    se0 = np.sqrt(2) / (pq * np.sqrt(n * m * (m - 1))) * np.sqrt(pq ** 2 - (p * (1 - p) * (1 - 2 * p)).sum())
    sj = jackknife(lambda keep: [fleiss_kappa(count[keep])], n, g)
    out['fleiss'].append(dict(k=k, x=x.tolist(), g=g.tolist(), want=[fleiss_kappa(count), np.sqrt(sj[0, 0]), se0]))

for _ in range(SETS):  # recalibration and net benefit
    n = int(rng.integers(40, 80))
    y, g = two_classes(n), groups_of(n)
    z = np.round(rng.normal(1.2 * y - .3, 1.3, n), 1)
    row = dict(z=z.tolist(), y=y.tolist(), g=g.tolist(), want={})
    for name, kw in [('independent', {}), ('clustered', dict(cov_type='cluster', cov_kwds={'groups': g}))]:
        def fitted(x, **more):  # twice: standard errors come from the weights of the step before the last
            model = sm.GLM(y, x, family=sm.families.Binomial(), **more)
            start = model.fit(tol=1e-14).params
            return model.fit(tol=1e-14, start_params=start, **kw)
        large, both = fitted(np.ones(n), offset=z), fitted(sm.add_constant(z))
        row['want'][name] = [large.params[0], large.bse[0], both.params[0], both.bse[0], both.params[1], both.bse[1]]
    out['calibration'].append(row)
    p, t = np.round(1 / (1 + np.exp(-z)), 2), float(np.round(rng.uniform(.05, .95), 2))
    tn, fp, fn, tp = sk.confusion_matrix(y, p >= t).ravel()
    out['benefit'].append(dict(p=p.tolist(), y=y.tolist(), t=t, model=tp / n - fp / n * t / (1 - t), all=y.mean() - (1 - y.mean()) * t / (1 - t)))

for _ in range(SETS):  # loess: a weighted polynomial fit at each point
    n = int(rng.integers(20, 60))
    x, y, span = np.round(rng.uniform(size=n), 2), two_classes(n), float(rng.choice([.5, .75, 1]))
    at, fit = np.round(np.linspace(x.min(), x.max(), 7), 3), []
    for q in at:
        d = np.abs(x - q)
        w = np.clip(1 - (d / np.sort(d)[int(span * n + 1e-10) - 1]) ** 3, 0, None) ** 3
        fit.append(np.polyval(np.polyfit(x, y, 1, w=np.sqrt(w)), q))
    out['loess'].append(dict(x=x.tolist(), y=y.tolist(), span=span, at=at.tolist(), want=fit))

for rep in range(SETS):  # Table 1
    na, nb = int(rng.integers(5, 40)), int(rng.integers(5, 40))
    a, b = np.round(rng.normal(50, 12, na)), np.round(rng.gamma(4, 14, nb))
    w = st.ttest_ind(a, b, equal_var=False)
    va, vb = a.var(ddof=1) / na, b.var(ddof=1) / nb
    u = st.mannwhitneyu(a, b, method='asymptotic')
    order = rng.permutation(na + nb).astype(float)  # without ties
    e = st.mannwhitneyu(order[:na], order[na:], method='exact')
    out['numbers'].append(dict(a=a.tolist(), b=b.tolist(), welch=[w.statistic, (va + vb) ** 2 / (va ** 2 / (na - 1) + vb ** 2 / (nb - 1)), w.pvalue],
                               mw=[u.statistic, u.pvalue], c=order[:na].tolist(), d=order[na:].tolist(), exact=[e.statistic, e.pvalue],
                               smd=(a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)))
    t = rng.integers(1, 16, (int(rng.integers(2, 6)), 2))
    chi = st.chi2_contingency(t, correction=False)
    two = rng.integers(0, 9, (2, 2))
    two[0, 0], two[1, 1] = max(two[0, 0], 1), max(two[1, 1], 1)
    s = t / t.sum(0)
    cov = sum((np.diag(s[1:, j]) - np.outer(s[1:, j], s[1:, j])) / 2 for j in range(2))
    d = s[1:, 0] - s[1:, 1]
    out['tables'].append(dict(t=t.tolist(), chi=[chi[0], chi[2], chi[1]], two=two.tolist(), fisher=st.fisher_exact(two)[1], smd=np.sqrt(d @ np.linalg.inv(cov) @ d)))

while len(out['against']) < SETS:  # a model against readers: jackknife over groups, single-modality form (Hillis 2007)
    n, r = int(rng.integers(25, 40)), int(rng.integers(2, 6))
    y, g = two_classes(n), groups_of(n)
    base = rng.normal(1.5 * y, 1, n)
    s = np.clip((base + rng.normal(0, 1, (r + 1, n)) + 2).round(), 0, 5)
    s[-1] = (s[-1] * 3 + rng.integers(0, 3, n))
    cov = jackknife(lambda keep: [sk.roc_auc_score(y[keep], v[keep]) for v in s], n, g)
    auc = np.array([sk.roc_auc_score(y, v) for v in s])
    L = np.hstack([-np.eye(r), np.ones((r, 1))])
    d, dc = L @ auc, L @ cov @ L.T
    cov2 = max(0, (dc.sum() - np.trace(dc)) / (r * (r - 1)))
    ms = d.var(ddof=1)
    if ms == 0:  # infinite degrees of freedom, which scipy's t has not
        continue
    se = np.sqrt(ms / r + cov2)
    df = (ms + r * cov2) ** 2 / (ms ** 2 / (r - 1))
    fse = np.sqrt((np.trace(dc) / r + (r - 1) * cov2) / r)
    h = st.t.ppf(.975, df) * se
    out['against'].append(dict(s=s.astype(int).tolist(), y=y.tolist(), g=g.tolist(), random=[d.mean(), d.mean() - h, d.mean() + h, se, df, 2 * st.t.sf(abs(d.mean()) / se, df)],
                               fixed=[d.mean(), d.mean() - Z * fse, d.mean() + Z * fse, fse, 2 * st.norm.sf(abs(d.mean()) / fse)]))


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, np.generic):
        return plain(x.item())
    return int(x) if isinstance(x, float) and x.is_integer() else x


print(json.dumps(plain(out), separators=(',', ':')))
