/** What the codes of containerd's answers mean to us. */
import { Code, RpcError } from "../rpc/status.ts";

/** Whether containerd says that there is no such thing. */
export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof RpcError && thrown.code === Code.NotFound;
}

/** Whether containerd says that there is one already. */
export function isAlreadyExists(thrown: unknown): boolean {
  return thrown instanceof RpcError && thrown.code === Code.AlreadyExists;
}

/** Whether containerd itself was not there. */
export function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof RpcError &&
    (thrown.code === Code.Unavailable || thrown.code === Code.DeadlineExceeded);
}
