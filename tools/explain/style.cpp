#include "tools/explain/style.h"

namespace netc::explain {

// Blue is the forward pass, orange the backward pass, yellow the amplifier, everywhere.
const std::string_view page_style = R"(
:root { color-scheme: light dark; --paper: #fdfcf9; --card: #ffffff; --ink: #1d2330; --soft: #5f6778;
  --line: #dcdfe6; --forward: #1d5fc4; --forward-wash: #e6effc; --backward: #b8480a;
  --backward-wash: #fdeee2; --amplifier: #ffe79a; --param: #1f7a4d; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171d; --card: #1b1f27; --ink: #e6e9ef;
  --soft: #9aa3b5; --line: #343b48; --forward: #7db2ff; --forward-wash: #1c2b42;
  --backward: #ffa36b; --backward-wash: #3b271b; --amplifier: #6b5510; --param: #74d3a2; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
header, .columns, footer { max-width: 88rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.6rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 .number { color: var(--soft); font-weight: 400; margin-right: .35em; }
h2 small { display: block; font-weight: 400; font-size: .82rem; color: var(--soft); }
p { margin: .5rem 0; max-width: 62rem; }
code, .type { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: .86em; overflow-wrap: anywhere; }
a { color: inherit; }
.lead { color: var(--soft); }
.views { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .8rem;
  margin: 1rem 0; }
.views p { margin: 0; padding: .7rem .9rem; border-radius: .6rem; background: var(--card);
  border: 1px solid var(--line); border-left: .3rem solid var(--line); font-size: .94rem; }
.views .fwd { border-left-color: var(--forward); }
.views .bwd { border-left-color: var(--backward); }
.views .amp { border-left-color: #d9a400; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.2rem; }
nav { justify-self: center; width: 100%; max-width: 22rem; }
nav svg { display: block; width: 100%; height: auto; }
@media (min-width: 1000px) {
  .columns { grid-template-columns: 18.5rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto;
    padding: .6rem 0; }
}
.heads, .row, .loop-head { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.heads { position: sticky; top: 0; z-index: 2; background: var(--paper); font-weight: 600;
  padding: .45rem 0; }
.heads span { padding: 0 .8rem; }
.heads .fwd { color: var(--forward); } .heads .bwd { color: var(--backward); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
  padding: .9rem 1rem; margin: 0 0 1rem; }
details > section { margin-top: .8rem; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; padding: .55rem .9rem; border: 1px dashed var(--soft);
  border-radius: .8rem; color: var(--soft); overflow-wrap: anywhere; }
.row { border-top: 1px solid var(--line); }
.row:target { outline: 2px solid var(--forward); outline-offset: -1px; }
.cell { padding: .5rem .8rem; min-width: 0; }
.cell.bwd { background: linear-gradient(90deg, var(--backward-wash), transparent 30%);
  border-left: 3px solid var(--backward); }
.cell.fwd { border-left: 3px solid var(--forward); }
.cell.none { background: none; border-left-color: transparent; }
.line + .line { margin-top: .55rem; }
.formula, .math { font-family: "STIX Two Text", "STIX Two Math", "Latin Modern Math", Cambria, Georgia,
    "Times New Roman", "DejaVu Serif", serif; }
.math { font-size: 1.05em; overflow-wrap: anywhere; }
.formula { font-size: 1.12rem; line-height: 1.75; overflow-wrap: anywhere; padding-left: 1.4rem;
  text-indent: -1.4rem; }
.formula > *, .formula mark > * { text-indent: 0; }
.where { font-size: .98rem; }
.folded .formula { opacity: .62; }
.meta { color: var(--soft); font-size: .8rem; line-height: 1.4; }
.meta a { text-decoration-color: var(--line); }
.v { text-decoration: none; white-space: nowrap; border-radius: .2em; }
.v.param { color: var(--param); }
.v.grad { color: var(--backward); }
a.v:hover, a.v.same { background: var(--forward-wash); box-shadow: 0 0 0 2px var(--forward-wash); }
a.v.grad:hover, a.v.grad.same { background: var(--backward-wash);
  box-shadow: 0 0 0 2px var(--backward-wash); }
sub, sup { font-size: .68em; line-height: 0; }
.both { display: inline-flex; flex-direction: column; vertical-align: middle; line-height: 1.15;
  font-size: .68em; }
.both sub, .both sup { font-size: 1em; line-height: 1.15; vertical-align: baseline; }
.both sub sub { font-size: .8em; }
.reduce { white-space: nowrap; } .reduce b { font-weight: 400; }
.word { font-weight: 400; font-family: system-ui, sans-serif; font-size: .78em; color: var(--soft);
  white-space: pre-wrap; }
mark { color: inherit; background: none; padding: .12em .25em; border-radius: .3em;
  -webkit-box-decoration-break: clone; box-decoration-break: clone; }
mark.amplifier { background: var(--amplifier); }
mark.from-forward { background: var(--forward-wash); }
mark.from-backward { background: var(--backward-wash); }
.loop { border: 1.5px dashed var(--soft); border-radius: .6rem; margin: .5rem 0; }
.loop-head { font-size: .84rem; color: var(--soft); }
.loop-head span { padding: .3rem .8rem; }
.kernels { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; margin: 0; }
.kernels dt { font-weight: 600; } .kernels dd { margin: 0; overflow-wrap: anywhere; }
dd .v { white-space: normal; }
.kept { color: var(--soft); }
footer { color: var(--soft); font-size: .84rem; padding-bottom: 2rem; }
@media (max-width: 720px) {
  .heads { display: none; }
  .row, .loop-head { grid-template-columns: minmax(0, 1fr); }
  .cell.none { display: none; }
  .cell.fwd::before { content: "forward \2193"; color: var(--forward); }
  .cell.bwd::before { content: "backward \2191"; color: var(--backward); }
  .cell::before { display: block; font-size: .72rem; font-weight: 600; }
  section { padding: .8rem .6rem; } .cell { padding: .4rem .6rem; }
}
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .small { font-size: 11px; fill: var(--soft); }
svg .box { fill: var(--card); stroke: var(--line); stroke-width: 1.2; }
svg a:hover .box { stroke: var(--forward); }
svg .down { stroke: var(--forward); } svg .up { stroke: var(--backward); }
svg .skip { stroke: var(--forward); opacity: .55; }
svg .down, svg .up, svg .skip { fill: none; stroke-width: 1.6; }
svg .down-head { fill: var(--forward); } svg .up-head { fill: var(--backward); }
svg .again { fill: none; stroke: var(--soft); stroke-dasharray: 4 4; }
)";

// Points at every place where the same tensor stands.
const std::string_view page_script = R"(
document.addEventListener('mouseover', function (event) {
  var here = event.target.closest('a.v');
  document.querySelectorAll('a.v.same').forEach(function (a) { a.classList.remove('same'); });
  if (!here) return;
  document.querySelectorAll('a.v[href="' + here.getAttribute('href') + '"]').forEach(
    function (a) { a.classList.add('same'); });
});
)";

}  // namespace netc::explain
