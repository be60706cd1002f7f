package convert

// Inputs stands for what a candidate is made of, as Sidecar.Inputs does, before its
// pixels are read: the files' sizes and times, and the geometry and scale of each
// slice. No identifier goes into it.
func (s *Scan) Inputs(c *Candidate) string { return s.digest(c) }
