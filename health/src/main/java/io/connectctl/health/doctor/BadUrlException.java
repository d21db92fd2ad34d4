package io.connectctl.health.doctor;

/** A text is no Spark Connect URL; says what is wrong with it. The text itself may hold a token, so it isn't quoted as a whole. */
public final class BadUrlException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    BadUrlException(String message, String remedy) {
        super(message);
        this.remedy = remedy;
    }

    /** What to write instead. */
    public String remedy() {
        return remedy;
    }
}
