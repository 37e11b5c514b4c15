/** Where something is in the configuration: keys and list positions from the top, `["instances", "web", "networks", 0]`. */
export type Pointer = readonly (string | number)[];
