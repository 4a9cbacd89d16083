/**
 * The one door to grpc-js. The environment shim must load before it, so no
 * other file names the package. It writes nothing by itself: what goes wrong
 * reaches the caller, who has a log.
 */
import "./env_shim.ts";
import * as grpc from "@grpc/grpc-js";

grpc.setLogVerbosity(grpc.logVerbosity.NONE);

export { grpc };
