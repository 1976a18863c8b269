// SPDX-License-Identifier: GPL-2.0-only
/*
 * `scx_qumun pick` on a full screen. Only built where ncursesw is.
 */
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "pick.h"
#include "pick_text.h"
#include "util.h"

/* Last: term.h has macros with everyday names. */
#include <curses.h>
#include <term.h>

#define REFRESH_MS	1000

/* An escape sequence's bytes come at once; a person's Esc alone must not lag. */
#define ESCAPE_MS	50

/* Columns before the name: CPU, boost, sort. */
#define CELLS_WIDTH	31

/* A line of the largest terminal, in bytes. */
#define LINE_BYTES	8192

#define KEY_ESC		27
#define KEY_CTRL_L	12

#define KEYS_HELP "arrows move, set the weight  Enter boosts, drops  letters filter  Esc leaves"

enum color {
	COLOR_BOOSTED = 1,
	COLOR_TROUBLE,
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* ncurses would leave by exit() in its handlers: we have a terminal to give back first. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void begin_colors(void)
{
	if (getenv("NO_COLOR") || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(COLOR_BOOSTED, COLOR_GREEN, -1);
	init_pair(COLOR_TROUBLE, COLOR_YELLOW, -1);
}

/* Returns false where the cursor cannot be moved; nothing has been written then. */
static bool begin(SCREEN **screen)
{
	const char *move_cursor;
	bool usable;
	int err;

	if (setupterm(NULL, 1, &err) != OK)
		return false;
	move_cursor = tigetstr("cup");
	usable = move_cursor && move_cursor != (char *)-1;
	del_curterm(cur_term);
	if (!usable)
		return false;
	*screen = newterm(NULL, stdout, stdin);
	if (!*screen)
		return false;
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	begin_colors();
	catch_signals();
	return true;
}

/* --- drawing ----------------------------------------------------------------- */

/* A whole line; what is longer is cut, what is shorter erases what was there. */
static void draw_line(int y, const char *text, attr_t attr)
{
	char line[LINE_BYTES];

	if (y < 0 || y >= LINES)
		return;
	attron(attr);
	mvaddstr(y, 0, pick_text_fit(line, sizeof(line), text, COLS));
	attroff(attr);
}

static void draw_row(int y, const struct pick_row *row, bool current)
{
	char text[LINE_BYTES / 2], cell[16], cpu[16];
	attr_t attr = current ? A_REVERSE : A_NORMAL;

	snprintf(cpu, sizeof(cpu), row->counted ? "%u.%u" : "-", row->cpu / 10, row->cpu % 10);
	pick_weight_cell(row, cell);
	/* On a narrow terminal the name is what matters. */
	if (COLS < 2 * CELLS_WIDTH)
		snprintf(text, sizeof(text), "%7s %s%s", cpu, row->weight ? "*" : " ", row->title);
	else
		snprintf(text, sizeof(text), "%8s %8s  %-10s %s", cpu, cell, row->sort,
			 row->title);
	if (row->weight)
		attr |= A_BOLD | (attr_t)COLOR_PAIR(COLOR_BOOSTED);
	draw_line(y, text, attr);
}

/* Lines for rows, and where they begin; small screens have no headline and no help. */
struct layout {
	int first;
	int rows;
	bool headline;
	bool footer;
};

static struct layout make_layout(void)
{
	struct layout layout = { .first = 1, .rows = LINES - 1 };

	layout.headline = LINES >= 8;
	layout.footer = LINES >= 6;
	layout.first += layout.headline;
	layout.rows -= layout.headline + 2 * layout.footer;
	if (layout.rows < 0)
		layout.rows = 0;
	return layout;
}

/* The first row to show, so that the cursor is in sight. */
static size_t scroll_to(const struct pick_list *list, int rows)
{
	static size_t top;

	if (rows <= 0 || list->nr_shown <= (size_t)rows)
		top = 0;
	else if (list->cursor < top)
		top = list->cursor;
	else if (list->cursor >= top + (size_t)rows)
		top = list->cursor - (size_t)rows + 1;
	else if (top + (size_t)rows > list->nr_shown)
		top = list->nr_shown - (size_t)rows;
	return top;
}

static void draw_rows(const struct pick_list *list, const struct layout *layout)
{
	size_t top = scroll_to(list, layout->rows);

	for (int i = 0; i < layout->rows; i++) {
		size_t index = top + (size_t)i;

		if (index < list->nr_shown)
			draw_row(layout->first + i, &list->rows[list->shown[index]],
				 index == list->cursor);
		else
			draw_line(layout->first + i, !i ? "  (nothing)" : "", A_NORMAL);
	}
}

/* What the last request came to; else what keeps boosts away; else more about the current row. */
static void draw_footer(const struct pick *pick)
{
	const struct pick_row *row = pick_list_current(&pick->list);
	char text[LINE_BYTES / 2];

	if (*pick->message)
		draw_line(LINES - 2, pick->message, A_BOLD);
	else if (*pick->daemon)
		draw_line(LINES - 2, pick->daemon, (attr_t)COLOR_PAIR(COLOR_TROUBLE) | A_BOLD);
	else {
		snprintf(text, sizeof(text), "%s: %s", row ? row->target : "",
			 row ? row->about : "");
		draw_line(LINES - 2, row ? text : "", A_NORMAL);
	}
	draw_line(LINES - 1, KEYS_HELP, A_DIM);
}

static void draw_headline(void)
{
	char text[64];

	if (COLS < 2 * CELLS_WIDTH)
		snprintf(text, sizeof(text), "%7s  %s", "CPU %", "NAME");
	else
		snprintf(text, sizeof(text), "%8s %8s  %-10s %s", "CPU %", "BOOST", "SORT", "NAME");
	draw_line(1, text, A_UNDERLINE);
}

static void draw(const struct pick *pick)
{
	const struct pick_list *list = &pick->list;
	struct layout layout = make_layout();
	char title[256];
	int cursor;

	snprintf(title, sizeof(title), COLS < 2 * CELLS_WIDTH ? "%zu of %zu  %u  > %s" :
		 "scx_qumun pick  %zu of %zu  weight %u  filter: %s",
		 list->nr_shown, list->nr, pick->weight, list->filter);
	erase();
	draw_line(0, title, A_BOLD);
	if (layout.headline)
		draw_headline();
	draw_rows(list, &layout);
	if (layout.footer)
		draw_footer(pick);
	/* Where the next letter of the filter goes. */
	cursor = pick_text_width(title);
	move(0, cursor < COLS ? cursor : COLS - 1);
	refresh();
}

/* --- keys -------------------------------------------------------------------- */

static void type(struct pick *pick, wint_t key)
{
	char text[MB_LEN_MAX + 1];
	mbstate_t state = { 0 };
	size_t len = wcrtomb(text, (wchar_t)key, &state);

	/* Names are UTF-8; in another locale only ASCII can be typed. */
	if (len == (size_t)-1 || (key >= 0x80 && strcmp(nl_langinfo(CODESET), "UTF-8")))
		return;
	text[len] = '\0';
	pick_list_type(&pick->list, text);
}

static void toggle(struct pick *pick)
{
	const struct pick_row *row = pick_list_current(&pick->list);

	if (row)
		pick_toggle(pick, row);
}

static void reweigh(struct pick *pick, bool up)
{
	pick_reweigh(pick, pick_list_current(&pick->list), up);
}

/* Function keys. */
static void take_code(struct pick *pick, wint_t key)
{
	long page = make_layout().rows;

	switch (key) {
	case KEY_UP:
		return pick_list_move(&pick->list, -1);
	case KEY_DOWN:
		return pick_list_move(&pick->list, 1);
	case KEY_LEFT:
		return reweigh(pick, false);
	case KEY_RIGHT:
		return reweigh(pick, true);
	case KEY_PPAGE:
		return pick_list_move(&pick->list, -page);
	case KEY_NPAGE:
		return pick_list_move(&pick->list, page);
	case KEY_HOME:
		return pick_list_move(&pick->list, -LONG_MAX);
	case KEY_END:
		return pick_list_move(&pick->list, LONG_MAX);
	case KEY_BACKSPACE:
		return pick_list_erase(&pick->list);
	case KEY_ENTER:
		return toggle(pick);
	default:
		return;
	}
}

static void take_character(struct pick *pick, wint_t key)
{
	switch (key) {
	case KEY_ESC:
		stopped = !pick_list_clear(&pick->list);
		break;
	case '\b':
	case 0x7f:
		pick_list_erase(&pick->list);
		break;
	case KEY_CTRL_L:
		clearok(stdscr, TRUE);
		break;
	case '\n':
	case '\r':
		toggle(pick);
		break;
	default:
		type(pick, key);
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits for a key until @end_ms. */
static void take_key(struct pick *pick, uint64_t end_ms)
{
	uint64_t now = now_ms();
	wint_t key;
	int kind;

	timeout(now < end_ms ? (int)(end_ms - now) : 0);
	kind = get_wch(&key);
	if (kind == ERR)
		return;
	*pick->message = '\0';
	if (kind == KEY_CODE_YES)
		take_code(pick, key);
	else
		take_character(pick, key);
}

static void loop(struct pick *pick)
{
	uint64_t end_ms = now_ms() + REFRESH_MS;
	char why[RESOLVE_WHY_LEN];

	while (!stopped) {
		draw(pick);
		take_key(pick, end_ms);
		if (now_ms() < end_ms)
			continue;
		if (pick_refresh(pick, why))
			snprintf(pick->message, sizeof(pick->message), "%.*s",
				 (int)strcspn(why, "\n"), why);
		end_ms = now_ms() + REFRESH_MS;
	}
}

bool pick_screen_run(struct pick *pick)
{
	SCREEN *screen;

	if (!begin(&screen))
		return false;
	loop(pick);
	endwin();
	delscreen(screen);
	return true;
}
