package io.connectctl.compose.runtime;

/** Says why a server can't use any class data archive: in a few words, with values, as {@code start} tells it. */
public final class ArchiveUnfitException extends Exception {
    private static final long serialVersionUID = 1L;

    public ArchiveUnfitException(String why) {
        super(why);
    }

    /** The reason: {@code HADOOP_CONF_DIR puts a folder on the class path}. */
    public String why() {
        return String.valueOf(getMessage());
    }
}
