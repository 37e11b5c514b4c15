/** Waits for all of them, also after one has failed: what goes on by itself would outlive the lock under which it was started. Throws the first failure. */
export async function allDone<const Works extends readonly Promise<unknown>[]>(
  works: Works,
): Promise<{ -readonly [Index in keyof Works]: Awaited<Works[Index]> }> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
