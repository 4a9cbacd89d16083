// Package errors stands for the one of Tencent Cloud's SDK.
package errors

// TencentCloudSDKError is never made here.
type TencentCloudSDKError struct{}

func (*TencentCloudSDKError) Error() string { return "Tencent Cloud" }
