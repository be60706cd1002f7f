# Runs a plain PyTorch reference script, $REFERENCE, unchanged but for its seed and
# its folds: these it reads from $FOLDS (case,group,fold), so that it answers for the
# same patients as a study does. $ONLY names the folds to run, such as 0,1 (all), $THREADS how many
# threads it takes (2). Arguments are the script's own.
import os

source = open(os.environ["REFERENCE"]).read()
seed = int(os.environ.get("SEED", "0"))
only = os.environ.get("ONLY")
for old, new in [
    ("torch.manual_seed(0); random.seed(0); np.random.seed(0)", f"torch.manual_seed({seed}); random.seed({seed}); np.random.seed({seed})"),
    ("torch.set_num_threads(2)", f"torch.set_num_threads({os.environ.get('THREADS', '2')})"),
    ("for k in range(5):", f"for k in [{only}]:" if only else "for k in range(5):"),
    # Seconds of training, apart from reading and from the test patients.
    ("net.eval(); pr=[];ious=[]", "net.eval(); pr=[];ious=[]; print('fold',k,'trained in %.1f s'%(time.time()-t0),flush=True)"),
    ("def sample(p,v,train):", "fold={r['group']:int(r['fold']) for r in csv.DictReader(open(os.environ['FOLDS']))}\ndef sample(p,v,train):"),
]:
    assert source.count(old) == 1, f"the reference script has changed: {old!r}"
    source = source.replace(old, new)
exec(compile(source, os.environ["REFERENCE"], "exec"))
