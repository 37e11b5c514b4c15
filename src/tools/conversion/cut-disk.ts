/** A range of a disk, in bytes. */
export interface DiskPart {
  readonly offset: number;
  readonly length: number;
}

/** Bytes of data in a part, on average: less costs more than the start of a process is worth. */
const dataPerPart = 64 * 2 ** 20;
/** A large disk has larger parts: more of them would only start more processes. */
const mostParts = 64;
/** The largest clusters of qcow2: one that lies in two parts is decompressed twice. */
const alignment = 2 * 2 ** 20;

/** Cuts a disk of `bytes`, of which `data` are no holes, into parts of equal length that can be converted by themselves. At least one. Pure. */
export function cutDisk(bytes: number, data = bytes): readonly DiskPart[] {
  const count = Math.max(1, Math.min(mostParts, Math.ceil(Math.min(data, bytes) / dataPerPart)));
  const length = Math.max(1, Math.ceil(bytes / count / alignment)) * alignment;
  const starts = Array.from({ length: Math.max(1, Math.ceil(bytes / length)) }, (_, index) => index * length);
  return starts.map((offset) => ({ offset, length: Math.min(length, bytes - offset) }));
}
