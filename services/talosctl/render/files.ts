/** `talosctl list`, one row at a time: trees may be large. Pure. */
import type { FileInfo } from "#proto/machine_pb.ts";
import { formatFileMode } from "./file_mode.ts";
import { formatBytes } from "./size.ts";
import { formatModified } from "./time.ts";

/** How `list` was asked. */
export interface ListStyle {
  readonly long: boolean;
  readonly humanize: boolean;
  /** More than one node was named. */
  readonly manyNodes: boolean;
  readonly nowMs: number;
  zoneOffsetMinutes(ms: number): number;
}

/** The header row; none for bare names. */
export function listHeader(style: ListStyle): string[] | undefined {
  if (style.long) {
    const size = style.humanize ? "SIZE" : "SIZE(B)";
    return ["NODE", "MODE", size, "LASTMOD", "NAME"];
  }
  return style.manyNodes ? ["NODE", "NAME"] : undefined;
}

/** The row of one file. */
export function listRow(
  node: string,
  file: FileInfo,
  style: ListStyle,
): string[] {
  if (!style.long) {
    return style.manyNodes ? [node, file.relativeName] : [file.relativeName];
  }
  const link = file.link ? ` -> ${file.link}` : "";
  return [
    node,
    formatFileMode(file.mode),
    style.humanize ? formatBytes(file.size) : String(file.size),
    formatModified(file.modified, style),
    `${file.relativeName}${link}`,
  ];
}
