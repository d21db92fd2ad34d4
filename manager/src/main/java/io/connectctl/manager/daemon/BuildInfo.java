package io.connectctl.manager.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/**
 * Which connectctl this is.
 *
 * @param version as released
 * @param build tells two builds of one version apart: hash over the jars, told by the launcher
 */
record BuildInfo(String version, String build) {
    /** As the jar and the launcher ({@code -Dconnectctl.build}) say. */
    static BuildInfo current() {
        Properties properties = new Properties();
        try (InputStream in = BuildInfo.class.getResourceAsStream("/io/connectctl/build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new IllegalStateException("build.properties can't be read from the jar", e);
        }
        return new BuildInfo(
                properties.getProperty("version", "development"),
                System.getProperty("connectctl.build", "development"));
    }
}
