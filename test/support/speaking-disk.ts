/** A disk that prints one line on the first serial port when it is booted by a BIOS, and then halts. */
export function speakingDisk(line: string): Buffer {
  const program = [
    [0xfa, 0xfc, 0x31, 0xc0, 0x8e, 0xd8], // cli; cld; ax = 0; ds = ax
    [0xbe, 0x23, 0x7c], // si = the text
    [0xac, 0x08, 0xc0, 0x74, 0x12], // next: al = *si++; jump to the end at its zero
    [0x88, 0xc3, 0xba, 0xfd, 0x03], // bl = al; dx = the line's state
    [0xec, 0xa8, 0x20, 0x74, 0xfb], // until it takes a byte
    [0x88, 0xd8, 0xba, 0xf8, 0x03, 0xee], // the byte
    [0xeb, 0xe9], // next
    [0xf4, 0xeb, 0xfd], // end: hlt; jump to the end
  ].flat();
  return bootable([[0, Buffer.from([...program, ...Buffer.from(`\r\n${line}\r\n\0`)])]]);
}

/**
 * A disk that counts its boots in its second sector, and prints a line and `boots=N` when it is booted by a BIOS. Shows which
 * disk booted, whether the guest went on running, and whether what it wrote is still there, without an operating system. For up
 * to nine boots.
 */
export function countingDisk(line: string): Buffer {
  const program = [
    [0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfc], // ds = es = ss = 0; sp = 0x7c00; cld
    [0xb4, 0x42, 0xe8, 0x19, 0x00], // read the count
    [0xfe, 0x06, 0x00, 0x7e], // add one
    [0xb4, 0x43, 0xe8, 0x10, 0x00], // write it
    [0xbe, 0x80, 0x7c, 0xe8, 0x22, 0x00], // print the text
    [0xbe, 0x00, 0x7e, 0xe8, 0x1c, 0x00], // print the count
    [0xfa, 0xf4, 0xeb, 0xfd], // cli; hlt, again and again
    [0xb0, 0x00, 0xbe, 0x70, 0x7c, 0xcd, 0x13, 0xc3], // disk: al = 0; si = the request; call the BIOS
    [0x88, 0xc3, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb], // wait until the line takes a byte
    [0x88, 0xd8, 0xba, 0xf8, 0x03, 0xee], // the byte
    [0xac, 0x08, 0xc0, 0x75, 0xeb, 0xc3], // print: al = *si++; wait unless it is zero; return
  ].flat();
  // One sector at 0:0x7e00, from sector 1.
  const request = Buffer.from([16, 0, 1, 0, 0x00, 0x7e, 0x00, 0x00, 1, 0, 0, 0, 0, 0, 0, 0]);
  return bootable([
    [0, Buffer.from(program)],
    [0x70, request],
    [0x80, Buffer.from(`\r\n${line}\r\nboots=\0`)],
    [512, Buffer.from("0\r\n\0")],
  ]);
}

/**
 * A disk whose guest powers itself off, or panics where it has a pvpanic device, five seconds after a BIOS boots it: on a busy machine, too, its start has been seen
 * by then.
 */
export function endingDisk(end: "power-off" | "panic"): Buffer {
  // cx:dx = microseconds; ah = wait; call the BIOS
  const wait = [0xb9, 0x4c, 0x00, 0xba, 0x40, 0x4b, 0xb4, 0x86, 0xcd, 0x15];
  const program = {
    // dx = PM1a control of ACPI where SeaBIOS puts it; ax = SLP_EN with type 0, which is S5; out
    "power-off": [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef],
    // dx = the port of pvpanic; al = panicked; out
    panic: [0xba, 0x05, 0x05, 0xb0, 0x01, 0xee],
  }[end];
  return bootable([[0, Buffer.from([...wait, 0xfa, ...program, 0xf4, 0xeb, 0xfd])]]);
}

/** A kernel that halts at once: a guest with it runs, and takes no processor from others. */
export function haltingKernel(): Buffer {
  const kernel = Buffer.alloc(4096);
  kernel.writeUInt8(1, 0x1f1); // sectors of set-up code after the first
  kernel.writeUInt16LE(0xaa55, 0x1fe);
  kernel.set([0xeb, 0x6e], 0x200); // jump to 0x270
  kernel.write("HdrS", 0x202, "latin1");
  kernel.writeUInt16LE(0x0203, 0x206); // version of the boot protocol
  kernel.writeUInt8(1, 0x211); // loaded high
  kernel.writeUInt32LE(0x37ffffff, 0x22c); // highest address of the ramdisk
  kernel.set([0xfa, 0xf4, 0xeb, 0xfd], 0x270); // cli; hlt, again and again
  return kernel;
}

function bootable(parts: readonly (readonly [offset: number, bytes: Buffer])[]): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  for (const [offset, bytes] of parts) bytes.copy(disk, offset);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
