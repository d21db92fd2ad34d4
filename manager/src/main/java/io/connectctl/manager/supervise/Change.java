package io.connectctl.manager.supervise;

/**
 * One key of a server that is otherwise than it was, for people: no secret's value is in it.
 *
 * @param key as a declaration names it, {@code conf.spark.sql.shuffle.partitions}; a rendered file's name; {@code image}, {@code jars}
 * @param old the value it had, {@code (none)} if it had none
 * @param next the value it has or is to have
 * @param restart whether only a new incarnation has it; else a client can set it in its own live session as well
 */
public record Change(String key, String old, String next, boolean restart) {
    /** {@code key: old -> new}. */
    public String text() {
        return key + ": " + old + " -> " + next;
    }
}
