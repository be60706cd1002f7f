"""Writes predictions.csv, maps.csv and truth.json, which the tests of package evidence are held against.

python -m pip install numpy==1.24.2 scipy==1.10.1 scikit-learn==1.2.1 statsmodels==0.14.0 'pandas<2.1'
cd internal/evidence/testdata && python truth.py

A study of 63 cases in 55 groups, three folds, two seeds, two arms. Point values are scikit-learn's; intervals of
shares and means are statsmodels' (cluster-robust regression on an intercept, Wilson); the AUC's is the formula of
LeDell 2015 on the logit scale; bootstrap limits come from 20000 draws of numpy's own generator, so they agree but for noise.
"""
import json
import numpy as np
import pandas as pd
import scipy.special
import scipy.stats
import sklearn.metrics as sk
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(7)
FOLDS, SEEDS, ARMS = [0, 1, 2], [1, 2], ['multi-view', 'multi-view-attention']

cases, n = [], 0
for g in range(55):
    label, fold = g % 2, (g // 2) % 3
    for _ in range(2 if g % 7 == 3 else 1):
        cases.append((f'case-{n:02d}', f'group-{g:02d}', fold, label))
        n += 1
base = {c[0]: rng.normal() + 1.2 * c[3] for c in cases}
rows, maps = [], []
for arm in ARMS:
    for seed in SEEDS:
        for fold in FOLDS:
            thr = round(float(rng.uniform(0.3, 0.7)), 3)
            for c in cases:
                if c[2] != fold:
                    continue
                z = round(float(base[c[0]] + rng.normal() * 0.8 - 0.6 + fold * 0.3 + (0.35 * c[3] if arm == ARMS[1] else 0)), 2)
                rows.append((c[0], c[1], arm, fold, seed, c[3], z, 1 / (1 + np.exp(-z)), thr))
                if arm == ARMS[1]:
                    for view in ['axial', 'sagittal']:
                        for crop in range(3):  # crop 0 is centred, the others are shifted
                            zero = rng.uniform() < 0.1
                            e, s, i, ge, gi = rng.beta(2, 3), rng.beta(1, 9), rng.beta(1, 4), rng.beta(2, 2), rng.beta(1, 3)
                            dx, dy = (int(d) for d in rng.integers(-64, 65, 2) * min(crop, 1))
                            maps.append((c[0], c[1], arm, fold, seed, view, crop, dx, dy, s, 0 if zero else e, 0 if zero else i,
                                         int(not zero and rng.uniform() < e), int(zero), ge, gi, int(rng.uniform() < ge)))
P = pd.DataFrame(rows, columns='case group arm fold seed label logit score threshold'.split())
M = pd.DataFrame(maps, columns='case group arm fold seed view crop shift_x shift_y share energy iou hit zero gaussian_energy gaussian_iou gaussian_hit'.split())
P.to_csv('predictions.csv', index=False, float_format=repr, lineterminator='\n')
M.to_csv('maps.csv', index=False, float_format=repr, lineterminator='\n')


def ols(x, g):
    r = sm.OLS(np.asarray(x), np.ones(len(x))).fit(cov_type='cluster', cov_kwds={'groups': pd.factorize(g)[0]}, use_t=True)
    return r.params[0], r.cov_params()[0, 0], r.conf_int()[0]


def wilson(x, g):
    m, v, _ = ols(x, g)
    n = len(set(g)) if m in (0, 1) else len(x) / max(1, v / (m * (1 - m) / len(x)))
    return [m, *proportion_confint(m * n, n, method='wilson')]


def tmean(x, g):
    m, _, ci = ols(x, g)
    return [m, max(0, ci[0]), min(1, ci[1])]


def cvauc(d, by):
    ids = d.group.nunique()
    n, n1 = len(d) / d.seed.nunique(), d.label.sum() / d.seed.nunique()
    tau = n / ids
    sig, aucs = [], []
    for _, f in d.groupby(by):
        ic = {}
        for _, s in f.groupby('seed'):
            y, x, auc = s.label.values, s.score.values, sk.roc_auc_score(s.label, s.score)
            aucs.append(auc)
            k = (x[y == 1][:, None] > x[y == 0]) + .5 * (x[y == 1][:, None] == x[y == 0])
            v = np.empty(len(s))
            v[y == 1], v[y == 0] = n / n1 * (k.mean(1) - auc), n / (n - n1) * (k.mean(0) - auc)
            for g, w in zip(s.group, v):
                ic[g] = ic.get(g, 0) + w / tau / f.seed.nunique()
        sig.append(np.mean(np.square(list(ic.values()))))
    a, z = np.mean(aucs), scipy.stats.norm.ppf([.025, .975])
    return [a, *scipy.special.expit(scipy.special.logit(a) + z * np.sqrt(np.mean(sig) / ids) / (a * (1 - a)))]


def f1(d, thr, w):
    return np.mean([sk.f1_score(s.label, s.score >= (s.threshold if thr is None else thr), sample_weight=s.case.map(w)) for _, s in d.groupby('seed')])


def brier(d, w):
    return np.mean([sk.brier_score_loss(s.label, s.score, sample_weight=s.case.map(w)) for _, s in d.groupby('seed')])


ONE = {c[0]: 1 for c in cases}


def metrics(d, thr):
    d = d.sort_values(['fold', 'case'])
    right = ((d.score >= (d.threshold if thr is None else thr)) == (d.label == 1)).astype(float)
    c = d.assign(right=right).groupby('case').agg(right=('right', 'mean'), group=('group', 'first'), label=('label', 'first'))
    pos, neg = c[c.label == 1], c[c.label == 0]
    whole = d.assign(one=0)
    return dict(auc=cvauc(d, 'fold'), auc_pooled=cvauc(whole, 'one'), accuracy=wilson(c.right, c.group),
                sensitivity=wilson(pos.right, pos.group), specificity=wilson(neg.right, neg.group),
                f1=f1(d, thr, ONE), brier=brier(d, ONE))


def limits(x):
    return np.percentile(x, [2.5, 97.5]).tolist()


def resample(strata):
    w = {}
    for gs in strata:
        for g in gs:
            w[g] = 0
        for g in rng.choice(gs, len(gs)):
            w[g] += 1
    return w


truth = dict(arms={}, maps={})
info = pd.DataFrame(cases, columns='case group fold label'.split())
by_fold = [f.group.unique() for _, f in info.groupby('fold')]
for arm in ARMS:
    d = P[P.arm == arm]
    truth['arms'][arm] = dict(metrics=metrics(d, .5), inner=metrics(d, None),
                              fold=metrics(d[(d.fold == 1) & (d.seed == 2)], .5))
    # Bootstrap by plain arrays: sklearn 20000 times would take an hour.
    s = [x.sort_values('case') for _, x in d.groupby('seed')]
    gs, y = s[0].group.values, s[0].label.values
    fs, bs = [], []
    for _ in range(20000):
        rw = resample(by_fold)
        w = np.array([rw[g] for g in gs])
        f = []
        for x in s:
            a = x.score.values >= .5
            tp = (w * (a & (y == 1))).sum()
            f.append(2 * tp / ((w * a).sum() + (w * y).sum()))
        fs.append(np.mean(f))
        bs.append(np.mean([(w * (x.score.values - y) ** 2).sum() / w.sum() for x in s]))
    truth['arms'][arm]['f1_limits'], truth['arms'][arm]['brier_limits'] = limits(fs), limits(bs)

strata = [f.group.unique() for _, f in info.groupby(['fold', 'label'])]


def wauc(s, y, w):
    p, q = y == 1, y == 0
    k = (s[p][:, None] > s[q]) + .5 * (s[p][:, None] == s[q])
    return (w[p] @ k @ w[q]) / w[p].sum() / w[q].sum()


def delta(rw, seeds):
    out = []
    for seed in seeds:
        for fold in FOLDS:
            y, g, sc = cells[seed, fold]
            w = np.array([rw[i] for i in g], float)
            out.append(wauc(sc[1], y, w) - wauc(sc[0], y, w))
    return np.mean(out)


cells = {}
for seed in SEEDS:
    for fold in FOLDS:
        two = [P[(P.arm == a) & (P.seed == seed) & (P.fold == fold)].sort_values('case') for a in ARMS]
        cells[seed, fold] = two[0].label.values, two[0].group.values, [x.score.values for x in two]
draws = [delta(resample(strata), rng.choice(SEEDS, len(SEEDS))) for _ in range(20000)]
truth['comparison'] = dict(delta=delta({g: 1 for g in info.group}, SEEDS), limits=limits(draws),
                           p=2 * min(np.mean(np.array(draws) <= 0), np.mean(np.array(draws) >= 0)))
for (view, shifted), m in M.groupby(['view', M.crop > 0]):
    means = ['energy', 'share', 'iou', 'hit', 'gaussian_energy', 'gaussian_iou', 'gaussian_hit']
    c = m.groupby('case').agg({'group': 'first'} | {k: 'mean' for k in means})
    truth['maps'][view + (' shifted' if shifted else ' centred')] = dict(n=len(m), zero=int(m.zero.sum())) | {
        k: (wilson if k.endswith('hit') else tmean)(c[k], c.group) for k in means}

# Calibration bins and decision curves. A case's probability is that of the mean logit of its seeds; tenths are cut where
# at least b + 1 tenths of the sorted cases are in, and tied cases stay together.
for arm in ARMS:
    d = P[P.arm == arm]
    c = d.groupby('case').agg(z=('logit', 'mean'), group=('group', 'first'), fold=('fold', 'first'), label=('label', 'first'))
    c = c.assign(p=scipy.special.expit(c.z)).sort_values('p', kind='stable')
    place = scipy.stats.rankdata(c.p, method='min') - 1  # of the first of those tied
    tenth, end = [], 0
    for i in range(len(c)):
        if i >= end:
            want = -(-(10 * i // len(c) + 1) * len(c) // 10)
            end = max(i + 1, want)
            while end < len(c) and place[end] < end:
                end += 1
            tenth.append([])
        tenth[-1].append(i)
    bins = []
    for rows in tenth:
        b = c.iloc[rows]
        bins.append(dict(n=len(b), score=float(b.p.mean()), observed=wilson(b.label.astype(float), b.group)))
    truth['arms'][arm]['bins'] = bins

    s = [x.sort_values('case') for _, x in d.groupby('seed')]
    y, gs = s[0].label.values, s[0].group.values
    curve = []
    for t in [.1, .3, .5, .7]:
        def benefit(w, called):
            out = []
            for a in called:
                tn, fp, fn, tp = sk.confusion_matrix(y, a, sample_weight=w).ravel() if w is None else (0, (w * (a & (y == 0))).sum(), 0, (w * (a & (y == 1))).sum())
                out.append((tp - fp * t / (1 - t)) / (len(y) if w is None else w.sum()))
            return np.mean(out)
        called, everyone = [x.score.values >= t for x in s], [np.ones(len(y), bool)]
        draw = []
        for _ in range(20000):
            rw = resample(by_fold)
            w = np.array([rw[g] for g in gs])
            m, a = benefit(w, called), benefit(w, everyone)
            draw.append((m, a, m - max(0, a)))
        m, a = benefit(None, called), benefit(None, everyone)
        lim = np.percentile(draw, [2.5, 97.5], axis=0)
        curve.append(dict(threshold=t) | {k: [v, *lim[:, i]] for i, (k, v) in enumerate([('model', m), ('all', a), ('gain', m - max(0, a))])})
    truth['arms'][arm]['decision'] = curve

with open('truth.json', 'w') as f:
    json.dump(truth, f, indent=1)
    f.write('\n')
