import type { Context } from "../../model/context.ts";

/** What a disk backend is given for a volume: where an instance's files would be are the volume's, everything else is the host's. */
export function volumeContext(context: Context): Context {
  const { layout } = context;
  return {
    ...context,
    layout: { ...layout, instance: layout.volume, doomedInstance: layout.doomedVolume, instanceFile: layout.volumeFile },
  };
}
