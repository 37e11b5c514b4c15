/** Bytes of a sector, in which a descriptor counts. */
const sector = 512;
/** What a descriptor calls the geometry of a disk; nothing uses it. */
const [heads, sectorsOfTrack] = [16, 32];
/** Sectors of a cluster. */
const blockSize = 2048;
/** The name that ploop gives the state of a disk without snapshots. */
const topGuid = "{5fbaabe3-6958-40ff-92a7-860e329aab41}";

/** The size in bytes that a `DiskDescriptor.xml` tells; undefined when it tells none. */
export function parseDescriptorSize(xml: string): number | undefined {
  const sectors = /<Disk_size>\s*(\d+)\s*<\/Disk_size>/.exec(xml)?.[1];
  return sectors === undefined ? undefined : Number(sectors) * sector;
}

/** The `DiskDescriptor.xml` of a raw image of `bytes`, by its name in the same directory: what `ploop restore-descriptor -f raw` writes (Nova PLOOP-01). */
export function descriptorText(file: string, bytes: number): string {
  const sectors = Math.floor(bytes / sector);
  return `<?xml version="1.0"?>
<Parallels_disk_image>
  <Disk_Parameters>
    <Disk_size>${sectors}</Disk_size>
    <Cylinders>${Math.floor(sectors / (heads * sectorsOfTrack))}</Cylinders>
    <Heads>${heads}</Heads>
    <Sectors>${sectorsOfTrack}</Sectors>
    <Padding>0</Padding>
  </Disk_Parameters>
  <StorageData>
    <Storage>
      <Start>0</Start>
      <End>${sectors}</End>
      <Blocksize>${blockSize}</Blocksize>
      <Image>
        <GUID>${topGuid}</GUID>
        <Type>Plain</Type>
        <File>${file}</File>
      </Image>
    </Storage>
  </StorageData>
  <Snapshots>
    <TopGUID>${topGuid}</TopGUID>
    <Shot>
      <GUID>${topGuid}</GUID>
      <ParentGUID>{00000000-0000-0000-0000-000000000000}</ParentGUID>
    </Shot>
  </Snapshots>
</Parallels_disk_image>
`;
}
