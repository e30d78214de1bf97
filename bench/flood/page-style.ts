/** How the page of a flood looks, by day and by night; nothing of it is loaded from anywhere. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#1d2026;--soft:#646b76;--rule:#e3e5e8;--band:#f2f4f6;
--good:#1b7f4b;--bad:#c0312b;--line-0:#2563c9;--line-1:#d9701a;--line-2:#1c8f66;--line-3:#9a4fc4;--line-4:#b3253f}
@media(prefers-color-scheme:dark){:root{--paper:#15171b;--card:#1d2025;--ink:#e8eaed;--soft:#9aa2ad;--rule:#30353d;--band:#22262c;
--good:#4fc48a;--bad:#ff7a70;--line-0:#6ea8ff;--line-1:#f2a154;--line-2:#52cc9d;--line-3:#c996f0;--line-4:#ff8398}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 16px 64px}
header{display:flex;gap:12px;align-items:center;flex-wrap:wrap}
h1{font-size:22px;margin:0}
h2{font-size:16px;margin:32px 0 8px}
.verdict{font-weight:600;padding:1px 10px;border-radius:99px;border:1px solid currentColor}
.good{color:var(--good)}.bad,.failures{color:var(--bad)}
.where,.hint,.notes{color:var(--soft);font-size:13px}
.hint{max-width:75ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px}
.tile b{display:block;font-size:19px;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:16px}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px}
figcaption{font-weight:600}
figcaption small{color:var(--soft);font-weight:400}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:13px;color:var(--soft)}
.swatch{display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle;background:currentColor}
figure{overflow-x:auto}
svg{display:block;width:100%;min-width:440px;height:auto;margin-top:4px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:0 32px}
.stroke{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.dot{fill:currentColor}
.grid{stroke:var(--rule)}
.tick,.band-name{fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
.band-0{fill:transparent}.band-1{fill:var(--band)}
.line-0{color:var(--line-0)}.line-1{color:var(--line-1)}.line-2{color:var(--line-2)}.line-3{color:var(--line-3)}.line-4{color:var(--line-4)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:3px 14px 3px 0;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child{text-align:left}
th{color:var(--soft);font-weight:500}
details{margin-top:16px}
summary{cursor:pointer;font-weight:600}
`;
