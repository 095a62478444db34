declare module 'blessed-contrib/lib/widget/gauge.js' {
  import type { Widgets } from 'blessed';
  export default function gauge(
    options: Widgets.BoxOptions & { percent: number },
  ): Widgets.BoxElement & { setPercent: (percent: number) => void };
}
