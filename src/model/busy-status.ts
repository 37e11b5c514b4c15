/** Whether a server that answers with this status may answer the same request a little later. */
export function isBusyStatus(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}
