/** What the codes of `../assembly/squashfs/refuse.ts` mean. */
import type { CoreProblemKind } from "../errors.ts";

/** A record does not end where its table does. */
export const MORE = -99;

/** Kind and text of each refusal. */
export const REFUSALS: Readonly<Record<number, [CoreProblemKind, string]>> = {
  [MORE]: ["outOfBounds", "a record goes on after its table"],
  [-100]: ["badMagic", "no SquashFS"],
  [-101]: ["unsupported", "a version of SquashFS other than 4.0"],
  [-102]: ["unsupported", "an unknown compression"],
  [-103]: ["corrupt", "a block size that is not 2^log"],
  [-104]: ["corrupt", "a block size out of 4 KiB to 1 MiB"],
  [-105]: ["unsupported", "unknown flags"],
  [-106]: ["outOfBounds", "the image ends before its file system"],
  [-107]: ["outOfBounds", "a table out of place"],
  [-108]: ["outOfBounds", "a count that does not fit its table"],
  [-109]: ["outOfBounds", "the root is out of the inodes"],
  [-110]: ["corrupt", "options that the compressor does not have"],
  [-111]: ["corrupt", "a metadata block of an impossible size"],
  [-112]: ["corrupt", "an unknown type of inode"],
  [-113]: ["corrupt", "a mode with unknown bits"],
  [-114]: ["outOfBounds", "an owner that is not in the table"],
  [-115]: ["outOfBounds", "an impossible inode number"],
  [-116]: ["outOfBounds", "a reference out of its table"],
  [-117]: ["outOfBounds", "an offset after a metadata block"],
  [-118]: ["outOfBounds", "a fragment that is not in the table"],
  [-119]: ["corrupt", "a tail that does not fit its fragment"],
  [-120]: ["limit", "a file larger than 2^53"],
  [-121]: ["outOfBounds", "more blocks than there can be"],
  [-122]: ["corrupt", "a block larger than the block size"],
  [-123]: ["limit", "a link's target longer than 4096 bytes"],
  [-124]: ["corrupt", "an impossible target of a link"],
  [-125]: ["corrupt", "a directory of a wrong size"],
  [-126]: ["corrupt", "more than 256 entries in a run"],
  [-127]: ["corrupt", "an unknown type of entry"],
  [-128]: ["limit", "a name longer than 256 bytes"],
  [-129]: ["corrupt", "an impossible name"],
  [-130]: ["corrupt", "names out of order"],
  [-131]: ["corrupt", "a directory index out of order"],
  [-132]: ["outOfBounds", "attributes that are not in the table"],
  [-133]: ["unsupported", "an unknown kind of attribute"],
  [-134]: ["corrupt", "an impossible name of an attribute"],
  [-135]: ["limit", "attributes larger than Linux has them"],
  [-136]: ["corrupt", "an impossible count of attributes"],
  [-137]: ["corrupt", "holes larger than their file"],
};
