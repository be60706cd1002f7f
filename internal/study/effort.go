package study

// effort is about how much work a unit is, in passes forward and back over one
// view of its training cases: what the time that is left is reckoned from, since
// an arm that answers with another's network takes a fraction of what training
// it took. Without any claim on the last tenth: the inner split may choose fewer
// epochs, and the first unit that needs a table of features makes it.
func (u Unit) effort() float64 {
	held := float64(len(u.Test)) / float64(max(1, len(u.Train))) // test cases for a training case
	forward := held / 3                                          // a pass without the way back
	switch {
	case u.Network != nil:
		w := u.Network
		trainings := 1
		if w.Training.InnerFraction > 0 {
			candidates := max(1, len(w.Backbones))
			if w.Attention {
				candidates *= len(w.Training.Lambda)
			}
			trainings += candidates
		}
		return float64(trainings * w.Training.Epochs * len(w.Network.Views))
	case u.Exam != nil:
		// Three views, centred and shifted; deletion and insertion along two maps.
		return 3 * 2 * 4 * float64(u.Exam.Steps+1) * forward
	case u.Recentred != nil:
		return 3 * 15 * forward // three slices, some of them in several places
	}
	return 1
}
