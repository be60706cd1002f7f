# Runs a plain PyTorch reference script, $REFERENCE, unchanged but for its seed and
# its folds: these it reads from $FOLDS (case,group,fold), so that it answers for the
# same patients as a study does. Arguments are the script's own.
import os

source = open(os.environ["REFERENCE"]).read()
seed = int(os.environ.get("SEED", "0"))
for old, new in [
    ("torch.manual_seed(0); random.seed(0); np.random.seed(0)", f"torch.manual_seed({seed}); random.seed({seed}); np.random.seed({seed})"),
    ("def sample(p,v,train):", "fold={r['group']:int(r['fold']) for r in csv.DictReader(open(os.environ['FOLDS']))}\ndef sample(p,v,train):"),
]:
    assert source.count(old) == 1, f"the reference script has changed: {old!r}"
    source = source.replace(old, new)
exec(compile(source, os.environ["REFERENCE"], "exec"))
