package annotation

import "fmt"

// plural is "1 voxel", "2 voxels".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
