/** The page of a flood. */
import type { Report } from "../harness/report.ts";

export function floodPage(report: Report): string {
  return `<pre>${JSON.stringify(report.results)}</pre>`;
}
