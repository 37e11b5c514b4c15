/** Whether the source of a guest's disk is the disk of this uuid, by its name alone: every driver has the uuid in the name by which a guest has a volume. */
export function namesDisk(source: string, uuid: string): boolean {
  return source.includes(uuid);
}
