declare module 'blessed-contrib/lib/widget/charts/line.js' {
  import type { Widgets } from 'blessed';

  export type LineData = {
    readonly x: readonly string[];
    readonly y: readonly number[];
    readonly style: { readonly line: string };
  };
  type Chart = Widgets.BoxElement & {
    setData: (data: readonly LineData[]) => void;
    options: { maxY: number };
  };
  export default function line(
    options: Widgets.BoxOptions & {
      style: { line: string; text: string; baseline: string };
      showNthLabel: number;
      xLabelPadding: number;
      xPadding: number;
      numYLabels: number;
      maxY: number;
      wholeNumbersOnly: boolean;
    },
  ): Chart;
}
