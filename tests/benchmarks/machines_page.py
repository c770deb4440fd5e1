"""The figures of several machines, as the page shows them."""

from pathlib import Path
from statistics import median

PAGE = Path(__file__).parents[2] / "service/docs/many-machines.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"

COLUMNS = (
    *("Machines", "Web processes on each", "Workers on each", "Commands a second at rest"),
    *("Acknowledged a second", "99 % within", "CPU-s of 1,000: web, workers, store"),
    "The site right after: half, 95 %, 99 %",
)
KINDS = {
    "killed": "**One machine killed**, all its processes at once (`kill -9`), and started again "
    "after {away:.0f} s",
    "cut": "**The link of one machine cut** for {away:.0f} s, while its processes went on",
}


def written(text, found):
    """Return the page *text* with what was *found* between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE.name}: found no {BEGIN.strip()} … {END}, expected both")
    return f"{before}{BEGIN}\n{shown(found)}\n{END}{after}"


def shown(found):
    """Return the table and what it says, in lines."""
    sizes = found["sizes"]
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS)), *map(_row, sizes), ""] if sizes else []
    notes = [_place(found["place"])]
    notes += [_rest(sizes), _store(sizes)] if sizes else []
    notes += [_token(found["token"])] if found["token"] else []
    notes += map(_loss, found["losses"])
    return "".join(f"{line}\n" for line in [*lines, *(f"- {note}" for note in notes)])


def _line(cells):
    return f"| {' | '.join(map(str, cells))} |"


def _row(one):
    cpu = ", ".join(f"{one['cpu'][role]:.1f}" for role in ("web", "worker", "store"))
    fresh = ", ".join(f"{ms / 1000:.1f} s" for ms in one["fresh_ms"])
    size = (one["machines"], one["web"], one["workers"])
    return _line([*size, f"{one['rest']:.0f}", one["acks"], f"{one['ack_ms']} ms", cpu, fresh])


def _place(place):
    machines = (
        "two namespaces of network and processes on one bridge"
        if place["namespaces"]
        else "two addresses of one machine"
    )
    return (
        f"**Where**: the machines are {machines}, on {place['cpus']} CPUs (load average at the "
        f"end: {place['load']:.1f}) that did all the rest as well: the sender, a store with "
        "`appendfsync always`, and a stand-in site that takes "
        f"{place['cms_seconds']} s for each write. So the rates are those of {place['cpus']} CPUs; "
        "what holds for machines of yours are the CPU seconds."
    )


def _rest(sizes):
    least, most = (choose(sizes, key=_processes) for choose in (min, max))
    return (
        f"**At rest** the store ran {least['rest']:.0f} commands a second for {_size(least)}, and "
        f"{most['rest']:.0f} for {_size(most)}, those inside its steps counted too. Most are of "
        "the one process that sweeps; each ten seconds it also measures some hundred keys."
    )


def _processes(one):
    return one["machines"] * (one["web"] + one["workers"])


def _size(one):
    many = "a machine" if one["machines"] == 1 else f"{one['machines']} machines, each"
    return f"{many} with {one['web']} web and {one['workers']} worker processes"


def _store(sizes):
    store, web = ([one["cpu"][role] for one in sizes] for role in ("store", "web"))
    commands = [one["commands"] for one in sizes]
    return (
        f"**One store is a limit.** It took {_range(store)} CPU-s for 1,000 deliveries until the "
        f"site was right ({_range(commands, 0)} commands for each), in one thread: it takes no "
        f"more than some {_round(1000 / median(store)):,} a second, however many machines there "
        f"are. Web processes took {_range(web)} CPU-s: some {_round(1000 / median(web)):,} a "
        "second for each that has a CPU of its own."
    )


def _range(numbers, digits=1):
    low, high = f"{min(numbers):.{digits}f}", f"{max(numbers):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _round(number):
    return 50 * round(number / 50)


def _token(tokens):
    told = "; ".join(
        f"with {'one machine' if one['machines'] == 1 else 'two'} {one['calls']:.0f} writes a "
        f"minute of {one['items']:.0f} items, and the site right after {one['fresh'][0]} s (half) "
        f"and {one['fresh'][1]} s (99 %)"
        for one in tokens
    )
    return (
        "**One token is the other limit: the rate of the CMS, not ours.** With 60 calls a minute "
        f"and {tokens[0]['rate']} deliveries a second: {told}."
    )


def _loss(one):
    kept = "Nothing was missing, and nothing older was written over something newer"
    if one["missing"] or one["older"]:
        kept = f"{one['missing']} items were wrong, {one['older']} values older than one before"
    sweep = f"The other swept after {one['sweep']} s. " if one["sweep"] else ""
    return (
        f"{KINDS[one['kind']].format(**one)}, under {one['rate']} deliveries a second. {sweep}"
        f"Deliveries were taken all the time, with a pause of {one['pause']} s at most; "
        f"{one['again']} of {one['events']} were sent again. Half of them were on the site after "
        f"{one['fresh'][0]} s, {_last(one)}. Once back, it worked after {one['back']} s. "
        f"{kept}{_doubled(one)}."
    )


def _last(one):
    late, items = one["late"]
    if not late:
        return f"the last after {one['fresh'][2]} s"
    claimed = f"{items} items that it had claimed for a request in the air"
    return f"the last of {late} events of {claimed} after {one['fresh'][2]:.0f} s"


def _doubled(one):
    # Where they have one address nobody can tell.
    return f"; {one['doubled']} values were written by both machines" if len(one["by"]) > 1 else ""
