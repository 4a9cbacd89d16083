// Package common stands for the one of Tencent Cloud's SDK, which the module
// proxy does not serve: just what flannel's tencent-vpc backend names.
package common

// BoolPtr is a pointer to v.
func BoolPtr(v bool) *bool { return &v }

// StringPtr is a pointer to v.
func StringPtr(v string) *string { return &v }

// StringPtrs are pointers to the elements of vals.
func StringPtrs(vals []string) []*string {
	ptrs := make([]*string, len(vals))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	return ptrs
}
