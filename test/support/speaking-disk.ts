/** A disk that says one line on the first serial port when it is booted, and then nothing more. */
export function speakingDisk(line: string): Buffer {
  const program = [
    [0xfa, 0xfc, 0x31, 0xc0, 0x8e, 0xd8], // cli; cld; ax = 0; ds = ax
    [0xbe, 0x23, 0x7c], // si = the text
    [0xac, 0x08, 0xc0, 0x74, 0x12], // next: al = *si++; jump to the end at its zero
    [0x88, 0xc3, 0xba, 0xfd, 0x03], // bl = al; dx = the line's state
    [0xec, 0xa8, 0x20, 0x74, 0xfb], // until it takes a byte
    [0x88, 0xd8, 0xba, 0xf8, 0x03, 0xee], // the byte
    [0xeb, 0xe9], // next
    [0xf4, 0xeb, 0xfd], // hlt, for ever
  ].flat();
  const disk = Buffer.alloc(2 ** 20);
  Buffer.from([...program, ...Buffer.from(`\r\n${line}\r\n\0`)]).copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
