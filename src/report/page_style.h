#pragma once

namespace lucerna::report {

/// The page's style; colours of series are told apart by people with any colour vision (Okabe and
/// Ito 2008).
inline constexpr char kPageStyle[] = R"(
:root{color-scheme:light dark;--ink:#1b1f23;--dim:#5b6570;--line:#d9dee3;--back:#fff;--panel:#f5f7f9;
--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#8a6d00;--s5:#56b4e9}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--dim:#9aa5b0;--line:#333b43;--back:#15191d;
--panel:#1d2328;--s0:#56b4e9;--s1:#e69f00;--s2:#2dc59a;--s3:#d991ba;--s4:#f0e442;--s5:#8ab8ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px}
h2{font-size:19px;margin:34px 0 4px;padding-top:14px;border-top:1px solid var(--line)}
p{margin:6px 0 12px;max-width:80ch}
.origin,.interval,.none,.small,i,figcaption{color:var(--dim)}
.origin{overflow-wrap:anywhere}
i{font-style:normal;font-size:12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(155px,1fr));gap:10px;margin:14px 0}
.tiles div{background:var(--panel);border-radius:8px;padding:10px 12px}
.tiles span{display:block;font-size:12px;color:var(--dim)}
.tiles b{font-size:24px;line-height:1.3}
.notes{padding-left:20px;color:var(--dim)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(360px,1fr));gap:16px}
figure{margin:8px 0}
.plots figcaption{font-weight:600;color:var(--ink)}
.plots svg{width:100%;max-width:500px;height:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}
th{font-size:12px;color:var(--dim);font-weight:600}
tr.column th{padding-top:14px;color:var(--ink);font-size:14px}
td.value{font-weight:600;font-variant-numeric:tabular-nums}
.interval{font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll{overflow-x:auto}
.scroll td{min-width:84px}
summary{cursor:pointer;color:var(--dim);padding:4px 0}
.pass{color:var(--s2);font-weight:600}.fail{color:#d1242f;font-weight:600}
.undecided{color:var(--s4);font-weight:600}
.grid{stroke:var(--line);stroke-width:1}
.tick{font-size:11px;fill:var(--dim)}.label{font-size:12px;fill:var(--ink)}
path{fill:none;stroke-width:2}
.reference{stroke:var(--dim);stroke-dasharray:4 4;stroke-width:1.3}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}
.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}
.key{stroke-width:3}.dashed{stroke-dasharray:6 4}.bar{stroke-width:1.5}
.s0.dot,.s0.column{fill:var(--s0)}.s1.dot,.s1.column{fill:var(--s1)}
.column{stroke:none;fill-opacity:.55}
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(225px,1fr));gap:14px}
.examples figure{margin:0}
.examples svg{display:block;background:#000;border-radius:4px;width:100%;height:auto}
.examples figcaption{font-size:12px;overflow-wrap:anywhere;margin-top:4px}
rect.lesion{fill:none;stroke:#35e08a;stroke-width:1.6}
rect.mark{fill:none;stroke:#ffab40;stroke-width:1.6;stroke-dasharray:4 3}
text.mark{fill:#ffab40;font-size:13px;font-weight:600;paint-order:stroke;stroke:#000;stroke-width:3px}
.lesion-key{color:var(--s2);font-weight:600}.mark-key{color:var(--s1);font-weight:600}
@media print{details{display:block}}
)";

}  // namespace lucerna::report
