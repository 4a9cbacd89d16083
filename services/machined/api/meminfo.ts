/** /proc/meminfo (proc(5)) as machine.MemInfo; pure. */
import { create } from "@bufbuild/protobuf";
import { type MemInfo, MemInfoSchema } from "#proto/machine_pb.ts";

/**
 * The fields are those of /proc/meminfo in lower case, without `(`, `)` and
 * `_`; values are in kB, those of HugePages_* are counts. Lines that the API
 * does not know are left out.
 */
export function parseMeminfo(text: string): MemInfo {
  const info = create(MemInfoSchema);
  const fields = new Map(
    MemInfoSchema.fields.map((field) => [field.localName, field]),
  );
  for (const line of text.split("\n")) {
    const match = /^([\w()]+):\s+(\d+)/.exec(line);
    if (!match) continue;
    const name = match[1]!.toLowerCase().replace(/[()_]/g, "");
    if (!fields.has(name)) continue;
    (info as unknown as Record<string, bigint>)[name] = BigInt(match[2]!);
  }
  return info;
}
