package io.connectctl.manager.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * A table that is never wider than the terminal as long as it can drop a column that matters less. It never cuts or wraps a
 * value: half a URL is worth nothing.
 */
final class TextTable {
    private static final String GAP = "  ";

    /**
     * A column.
     *
     * @param title its heading
     * @param weight columns of the smallest weight go first where room is short; 0 is never dropped
     */
    record Column(String title, int weight) {}

    private final List<Column> columns;
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(Column... columns) {
        this.columns = List.of(columns);
    }

    /** Adds a row: one value a column. */
    void row(String... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(values.length + " values for " + columns.size() + " columns");
        }
        rows.add(List.of(values));
    }

    /** The table's lines, heading first, without trailing blanks. */
    List<String> lines(int width) {
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            shown.add(i);
        }
        while (width(shown) > width) {
            Integer least = null;
            for (Integer index : shown) {
                int weight = columns.get(index).weight();
                if (weight > 0 && (least == null || weight < columns.get(least).weight())) {
                    least = index;
                }
            }
            if (least == null) {
                break;
            }
            shown.remove(least);
        }
        List<String> lines = new ArrayList<>();
        List<String> titles = new ArrayList<>();
        for (Column column : columns) {
            titles.add(column.title());
        }
        lines.add(line(shown, titles));
        for (List<String> row : rows) {
            lines.add(line(shown, row));
        }
        return lines;
    }

    private int width(List<Integer> shown) {
        int width = GAP.length() * (shown.size() - 1);
        for (Integer column : shown) {
            width += width(column);
        }
        return width;
    }

    private int width(int column) {
        int widest = columns.get(column).title().length();
        for (List<String> row : rows) {
            widest = Math.max(widest, row.get(column).length());
        }
        return widest;
    }

    private String line(List<Integer> shown, List<String> values) {
        StringBuilder line = new StringBuilder();
        for (Integer index : shown) {
            if (!line.isEmpty()) {
                line.append(GAP);
            }
            String value = values.get(index);
            line.append(value).append(" ".repeat(width(index) - value.length()));
        }
        return line.toString().stripTrailing();
    }
}
