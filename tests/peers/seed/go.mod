module talos.test/peers/seed

go 1.21

require (
	github.com/mwitkow/grpc-proxy v0.0.0-20181017164139-0f1106ef9c76
	google.golang.org/grpc v1.29.1
	talos.test/peers/common v0.0.0
)

require (
	github.com/golang/protobuf v1.3.3 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/net v0.0.0-20190311183353-d8887717615a // indirect
	golang.org/x/sys v0.0.0-20190215142949-d0b11bdaac8a // indirect
	golang.org/x/text v0.3.0 // indirect
	google.golang.org/genproto v0.0.0-20190819201941-24fa4b261c55 // indirect
)

replace talos.test/peers/common => ../common
