//go:build !race

package convert

// raceDetector says that this is its run.
const raceDetector = false
