/** Whether something is there, for code that then does something else. */

/** Whether `path` can be looked at, as what it points to. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
