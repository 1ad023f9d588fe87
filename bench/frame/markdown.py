"""Markdown tables of a report."""


def number(value):
    """Three significant digits, and thousands in full."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(number(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def goal_table(goals, values, left_out, held_by):
    """A row for each goal: its value beside its floor and stretch, and what to say of it."""
    if not goals:
        return ""
    rows = []
    for goal in goals:
        value = values.get(goal.name)
        if value is None:
            verdict = "left out: " + left_out.get(goal.name, "not part of this run")
        elif not goal.reached(value, goal.floor):
            verdict = "**floor missed**"
        elif goal.stretch is not None and goal.reached(value, goal.stretch):
            verdict = "stretch reached"
        else:
            verdict = "floor reached"
        if value is not None and goal.name in held_by and verdict != "stretch reached":
            verdict += ": " + held_by[goal.name]
        rows.append([f"`{goal.name}`", goal.meaning, "-" if value is None else value,
                     goal.bound_text(goal.floor), goal.bound_text(goal.stretch), verdict])
    return table(["name", "what", "value", "floor", "stretch", ""], rows)
