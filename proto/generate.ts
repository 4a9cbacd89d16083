/**
 * `deno task proto`: compiles every .proto below this folder with protoc and
 * writes protobuf-es code to gen/<domain>_pb.ts. `--check` writes nothing and
 * fails when gen/ differs from what would be written.
 *
 * protoc only parses here (`--descriptor_set_out`); the code generator is
 * protoc-gen-es, called with the request that protoc would have sent.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import denoJson from "../deno.json" with { type: "json" };
import { ensureTools, PROTO_TOOLS } from "../rootfs/components/tools.ts";
import { basename, dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";

const PROTO_DIR = dirname(fileURLToPath(import.meta.url));
const GEN_DIR = join(PROTO_DIR, "gen");
const PLUGIN = denoJson.imports["@bufbuild/protoc-gen-es"];

/** Every .proto below `dir`, relative to it, sorted. */
function protoFiles(dir = PROTO_DIR): string[] {
  const found: string[] = [];
  const visit = (sub: string) => {
    for (const entry of Deno.readDirSync(join(dir, sub))) {
      const path = sub === "" ? entry.name : `${sub}/${entry.name}`;
      if (entry.isDirectory && path !== "gen") visit(path);
      else if (path.endsWith(".proto")) found.push(path);
    }
  };
  visit("");
  return found.sort();
}

/** Runs `command` with `stdin` and returns its stdout; throws with its stderr. */
async function pipe(command: string[], stdin?: Uint8Array) {
  const [program, ...args] = command as [string, ...string[]];
  const child = new Deno.Command(program, {
    args,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin) {
    const writer = child.stdin.getWriter();
    await writer.write(stdin as Uint8Array<ArrayBuffer>);
    await writer.close();
  }
  const { success, stdout, stderr } = await child.output();
  if (!success) {
    throw new Error(
      `Cannot run "${program}": ${new TextDecoder().decode(stderr)}`,
    );
  }
  return stdout;
}

/** The generated files by name. Needs `protoc` (Debian: protobuf-compiler). */
export async function generate(): Promise<Map<string, string>> {
  const files = protoFiles();
  const set = await pipe([
    "protoc",
    "--include_imports",
    "--include_source_info",
    "--descriptor_set_out=/dev/stdout",
    `-I${PROTO_DIR}`,
    ...files,
  ]);
  const { file } = fromBinary(FileDescriptorSetSchema, set);
  const request = toBinary(
    CodeGeneratorRequestSchema,
    create(CodeGeneratorRequestSchema, {
      fileToGenerate: files,
      parameter: "target=ts,import_extension=ts",
      protoFile: file,
    }),
  );
  const response = fromBinary(
    CodeGeneratorResponseSchema,
    await pipe([Deno.execPath(), "run", "-A", PLUGIN], request),
  );
  if (response.error !== "") throw new Error(response.error);
  return new Map(
    response.file.map((f) => [basename(f.name!), flatten(f.content!)]),
  );
}

/** gen/ is one folder, so the imports between its files lose theirs. */
function flatten(source: string): string {
  const body = source.replaceAll(
    /from "\.\.?\/(?:[\w/]+\/)?(\w+_pb\.ts)"/g,
    'from "./$1"',
  );
  return `// Made by proto/generate.ts, do not edit.\n${body}`;
}

async function main(args: string[]): Promise<number> {
  const check = args.includes("--check");
  await ensureTools(PROTO_TOOLS);
  const want = await generate();
  let differing = 0;
  if (!check) await Deno.mkdir(GEN_DIR, { recursive: true });
  for (const [name, source] of want) {
    const path = join(GEN_DIR, name);
    const have = await Deno.readTextFile(path).catch(() => undefined);
    if (have === source) continue;
    differing++;
    if (!check) await Deno.writeTextFile(path, source);
    await Deno.stdout.write(
      new TextEncoder().encode(`${check ? "differs" : "wrote"} ${name}\n`),
    );
  }
  return check && differing > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
