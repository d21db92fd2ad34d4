package io.connectctl.junit5;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives tests a fresh Spark Connect server, proven usable by a query, and removes it afterwards.
 *
 * <pre>{@code
 * @ConnectServer(spark = "4.0.1", conf = "spark.sql.shuffle.partitions=2")
 * class OrdersTest {
 *     @Test
 *     void countsOrders(ConnectServerHandle server) {
 *         SparkSession spark = SparkSession.builder().remote(server.urlWithToken()).getOrCreate();
 *         ...
 *     }
 * }
 * }</pre>
 *
 * <p><b>Where it may stand.</b> On a test class it declares the server of this class, of its subclasses (each gets its own) and of its
 * {@code @Nested} classes (which share it); the server is started before the first test, whether or not one asks for it. On a field, or on
 * a parameter of a test's constructor or method, the value is injected, and the annotation declares a server of its own, unless it is bare:
 * {@code @ConnectServer} without anything means the server of the class, or a default one where the class declares none. On an annotation
 * of your own it makes that one a declaration.
 *
 * <p><b>What is injected.</b> {@link ConnectServerHandle}, or a {@code String}: the URL with its token, as
 * {@link ConnectServerHandle#urlWithToken()} tells it. A parameter of type {@code ConnectServerHandle} needs no annotation where the class
 * has one; a {@code String} parameter is only ours if it is annotated. Static fields are set before all tests of a class, so parallel
 * subclasses would overwrite one that they inherit: make such a field an instance's.
 *
 * <p><b>Where connectctl is looked for.</b> JUnit's configuration parameter or system property {@code connectctl.command}, then the
 * environment variable {@code CONNECTCTL}, then {@code connectctl} on the {@code PATH}.
 *
 * <p><b>When it fails.</b> A server that can't be had fails the class or test with what {@code connectctl start} would say: the cause, the
 * decisive log lines, the remedy. A shared one is not tried again for those who come later: they fail with the same cause.
 *
 * <p><b>When it ends.</b> With the last test that may use it. If the JVM dies first, by whatever signal, connectctl's daemon sees that the
 * lease's owner is gone and removes the server within seconds; if the daemon died, too, the server ends at its {@link #ttl()}.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.FIELD, ElementType.PARAMETER})
@ExtendWith(ConnectServerExtension.class)
public @interface ConnectServer {
    /**
     * The Spark version, such as {@code 4.0.1}; connectctl's default if empty.
     *
     * @return {@code MAJOR.MINOR.PATCH}
     */
    String spark() default "";

    /**
     * Spark's master, such as {@code local[2]}; {@code local[*]} if empty.
     *
     * @return a master URL
     */
    String master() default "";

    /**
     * The driver's heap, such as {@code 1512m} or {@code 2g}; connectctl's default if empty.
     *
     * @return a whole number and {@code k}, {@code m} or {@code g}
     */
    String driverMemory() default "";

    /**
     * Spark settings. No secrets: they are words of a command line.
     *
     * @return {@code KEY=VALUE} each
     */
    String[] conf() default {};

    /**
     * What Spark adds to its class path at the start.
     *
     * @return Maven coordinates, {@code group:artifact:version} each
     */
    String[] packages() default {};

    /**
     * Where it runs: {@code docker}, {@code process} or {@code auto}; {@code auto} if empty.
     *
     * @return a runtime's name
     */
    String runtime() default "";

    /**
     * A {@code connectctl.yaml} that declares the server; what else is declared here wins over it. If it declares several, name the one
     * with {@code options = {"--server", "NAME"}}.
     *
     * @return a path, relative to the folder that the tests run in
     */
    String from() default "";

    /**
     * A warm pool from which a server is claimed, instead of starting one. The pool declares the server, so nothing of it can be said here.
     *
     * @return a pool's name
     */
    String pool() default "";

    /**
     * Further options of {@code connectctl lease}, such as {@code {"--image", "lake/spark:4.0.1"}}.
     *
     * @return one word each
     */
    String[] options() default {};

    /**
     * How long the server outlives everybody who could remove it. It is renewed while the JVM lives; what is stopped in a debugger for
     * longer loses its server.
     *
     * @return a whole number and {@code ms}, {@code s}, {@code m} or {@code h}
     */
    String ttl() default "30m";

    /**
     * For how long it is shared, and by whom.
     *
     * @return {@link Reuse#CLASS} unless said
     */
    Reuse reuse() default Reuse.CLASS;
}
