// Package v20170312 stands for the one of Tencent Cloud's SDK: every call says
// that it is not built in.
package v20170312

import "errors"

var errAbsent = errors.New("the tencent-vpc backend is not built in")

type (
	Client struct{}
	Filter struct {
		Name   *string
		Values []*string
	}
	DescribeRouteTablesRequest struct{ Filters []*Filter }
	DeleteRoutesRequest        struct {
		RouteTableId *string
		Routes       []*Route
	}
	CreateRoutesRequest struct {
		RouteTableId *string
		Routes       []*Route
	}
	Route struct {
		DestinationCidrBlock, GatewayType, GatewayId, RouteType *string
		Enabled                                                 *bool
		RouteId                                                 *uint64
	}
	RouteTable struct {
		RouteTableId *string
		RouteSet     []*Route
	}
	DescribeRouteTablesResponse struct {
		Response *struct{ RouteTableSet []*RouteTable }
	}
)

func NewClientWithSecretId(_, _, _ string) (*Client, error) {
	return nil, errAbsent
}

func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest {
	return &DescribeRouteTablesRequest{}
}

func NewDeleteRoutesRequest() *DeleteRoutesRequest {
	return &DeleteRoutesRequest{}
}

func NewCreateRoutesRequest() *CreateRoutesRequest {
	return &CreateRoutesRequest{}
}

func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errAbsent
}

func (*Client) DeleteRoutes(*DeleteRoutesRequest) (struct{}, error) {
	return struct{}{}, errAbsent
}

func (*Client) CreateRoutes(*CreateRoutesRequest) (struct{}, error) {
	return struct{}{}, errAbsent
}
