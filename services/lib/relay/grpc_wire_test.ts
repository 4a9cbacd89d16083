/** Status, time-outs and refusals on the wire. */
import { assertEquals } from "@std/assert";
import { ErrorCode } from "../http2/constants.ts";
import { Fields } from "../http2/fields.ts";
import { Code } from "../rpc/status.ts";
import { refusal, serviceOf } from "./gate.ts";
import {
  decodeMessage,
  encodeMessage,
  httpStatus,
  parseTimeout,
  readStatus,
  resetStatus,
  statusOnly,
  statusTrailers,
} from "./grpc_wire.ts";

Deno.test("grpc-message is percent-encoded, and comes back", () => {
  const cases: [string, string][] = [
    ["plain text", "plain text"],
    ["100%", "100%25"],
    ["ü", "%C3%BC"],
    ["a\nb", "a%0Ab"],
    ["", ""],
  ];
  for (const [text, wire] of cases) {
    assertEquals(encodeMessage(text), wire);
    assertEquals(decodeMessage(wire), text);
  }
  assertEquals(decodeMessage("50% of %zz"), "50% of %zz");
});

Deno.test("a status goes into trailers and comes out of them", () => {
  const status = { code: Code.NotFound, message: "no ü" };
  assertEquals(readStatus(statusTrailers(status)), status);
  assertEquals(readStatus(statusOnly(status)), status);
  assertEquals(statusOnly(status).get(":status"), "200");
  assertEquals(readStatus(Fields.of(["x", "y"])), undefined);
  assertEquals(
    readStatus(Fields.of(["grpc-status", "five"]))!.code,
    Code.Unknown,
  );
});

Deno.test("grpc-timeout has eight digits and a unit", () => {
  const cases: [string, number | undefined][] = [
    ["5S", 5_000],
    ["100m", 100],
    ["2M", 120_000],
    ["1H", 3_600_000],
    ["1500u", 1.5],
    ["2000000n", 2],
    ["99999999H", 99_999_999 * 3_600_000],
    ["999999999S", undefined],
    ["-1S", undefined],
    ["5", undefined],
    ["5s", undefined],
    ["", undefined],
  ];
  for (const [text, ms] of cases) assertEquals(parseTimeout(text), ms, text);
});

Deno.test("HTTP and HTTP/2 failures read as gRPC specifies", () => {
  assertEquals(httpStatus(Fields.of([":status", "200"])), undefined);
  const http: [string, number][] = [
    ["401", 16],
    ["403", 7],
    ["404", 12],
    ["503", 14],
    ["418", 2],
  ];
  for (const [status, code] of http) {
    assertEquals(httpStatus(Fields.of([":status", status]))!.code, code);
  }
  const resets: [number, number][] = [
    [ErrorCode.REFUSED_STREAM, 14],
    [ErrorCode.CANCEL, 1],
    [ErrorCode.CONNECT_ERROR, 14],
    [ErrorCode.ENHANCE_YOUR_CALM, 8],
    [ErrorCode.PROTOCOL_ERROR, 13],
    [0x99, 13],
  ];
  for (const [reset, code] of resets) {
    assertEquals(resetStatus(reset, "r"), { code, message: "r" });
  }
});

Deno.test("only POST with a gRPC content type is a call", () => {
  const request = (method: string, type?: string) =>
    Fields.of(
      [":method", method],
      ...type === undefined ? [] : [["content-type", type] as const],
    );
  const cases: [Fields, string | undefined][] = [
    [request("POST", "application/grpc"), undefined],
    [request("POST", "application/grpc+proto"), undefined],
    [request("POST", "application/grpc;x=y"), undefined],
    [request("POST", "application/grpc-web"), "415"],
    [request("POST", "text/html"), "415"],
    [request("POST"), "415"],
    [request("GET", "application/grpc"), "405"],
  ];
  for (const [fields, status] of cases) {
    assertEquals(refusal(fields)?.get(":status"), status);
  }
});

Deno.test("the service is between the first two slashes", () => {
  assertEquals(serviceOf("/a.B/C"), "a.B");
  assertEquals(serviceOf("/a.B"), "a.B");
  assertEquals(serviceOf("a"), "");
});
