/** What every saved plan begins with, and no configuration does. */
export const savedPlanMark = '{"virtform_plan"';
