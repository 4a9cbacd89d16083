/**
 * Go's os.FileMode, which is what `List` puts on the wire: permission bits as
 * in Unix, kinds from bit 31 downward. Pure.
 *
 *   31 d dir        30 a append     29 l exclusive  28 T temporary
 *   27 L symlink    26 D device     25 p fifo       24 S socket
 *   23 u setuid     22 g setgid     21 c char dev   20 t sticky
 *   19 ? irregular
 */

const KIND_LETTERS = "dalTLDpSugct?";
const PERMISSION_LETTERS = "rwxrwxrwx";

/** As `os.FileMode.String()`: `drwxr-xr-x`, `Lrwxrwxrwx`, `-rw-r--r--`. */
export function formatFileMode(mode: number): string {
  let kinds = "";
  for (let i = 0; i < KIND_LETTERS.length; i++) {
    if ((mode >>> (31 - i)) & 1) kinds += KIND_LETTERS[i];
  }
  let permissions = "";
  for (let i = 0; i < PERMISSION_LETTERS.length; i++) {
    permissions += (mode >>> (8 - i)) & 1 ? PERMISSION_LETTERS[i] : "-";
  }
  return (kinds || "-") + permissions;
}
