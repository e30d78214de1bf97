/**
 * The page's icons: strokes on a grid of 20, in the colour of the text around them.
 */

const PATHS = {
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l3.5 3.5",
  back: "M12.5 4.5 7 10l5.5 5.5",
  people:
    "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.5c.3-3 2.500-4.700 5.500-4.700s5.200 1.700 5.500 4.700M13 3.900a3 3 0 0 1 0 5.200M15 12.200c1.800.7 2.800 2.200 3 4.300",
  close: "m5 5 10 10M15 5 5 15",
  send: "M3.500 10h12M10.500 4.500 16 10l-5.500 5.500",
  smile:
    "M10 2.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15ZM6.800 11.500c.7 1.500 1.800 2.200 3.200 2.200s2.500-.7 3.200-2.200M7.500 7.500v.8M12.500 7.500v.8",
  image:
    "M3 5.500A1.500 1.500 0 0 1 4.500 4h11A1.500 1.500 0 0 1 17 5.500v9a1.500 1.500 0 0 1-1.500 1.500h-11A1.500 1.500 0 0 1 3 14.500ZM3.500 14l4-4 3 3 2.500-2.500 3.500 3.500M13 7.500h.1",
  down: "M10 4v11.500M5 10.500l5 5 5-5",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM10 6v4l2.500 1.500",
  check: "m4 10.500 4 4 8-9",
  checks: "m1.500 10.500 4 4 8-9M9.500 13.500l1 1 8-9",
  leave:
    "M8 3.500H5A1.500 1.500 0 0 0 3.500 5v10A1.500 1.500 0 0 0 5 16.500h3M12 6.500l3.500 3.500-3.500 3.500M15.500 10H8",
  warning: "M10 3 2.500 16.500h15ZM10 8v4M10 14.300v.1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
